"""The rule catalogue: the one list of every rule Guard knows.

To add a rule: write its module, list it here, and let `tests/rules/test_catalogue.py`
say what is still missing.
"""

from __future__ import annotations

from typing import Final

from guard.model import RuleId
from guard.rules._base import Rule, Stage
from guard.rules.altered_file import AlteredFile
from guard.rules.ambiguous_archive import AmbiguousArchive
from guard.rules.archived_project import ArchivedProject
from guard.rules.changed_publisher import ChangedPublisher
from guard.rules.denied_release import DeniedRelease
from guard.rules.direct_url import DirectUrl
from guard.rules.dropped_attestation import DroppedAttestation
from guard.rules.foreign_file import ForeignFile
from guard.rules.foreign_index import ForeignIndex
from guard.rules.fresh_upload import FreshUpload
from guard.rules.hash_mismatch import HashMismatch
from guard.rules.invalid_attestation import InvalidAttestation
from guard.rules.known_malware import KnownMalware
from guard.rules.known_vulnerability import KnownVulnerability
from guard.rules.lookalike_name import LookalikeName
from guard.rules.metadata_mismatch import MetadataMismatch
from guard.rules.missing_attestation import MissingAttestation
from guard.rules.missing_receipt import MissingReceipt
from guard.rules.new_dependency import NewDependency
from guard.rules.oversized_archive import OversizedArchive
from guard.rules.quarantined_project import QuarantinedProject
from guard.rules.record_mismatch import RecordMismatch
from guard.rules.shadowing_command import ShadowingCommand
from guard.rules.source_distribution import SourceDistribution
from guard.rules.startup_hook import StartupHook
from guard.rules.suspicious_change import SuspiciousChange
from guard.rules.suspicious_code import SuspiciousCode
from guard.rules.unapproved_file import UnapprovedFile
from guard.rules.undeclared_binary import UndeclaredBinary
from guard.rules.unexpected_publisher import UnexpectedPublisher
from guard.rules.unguarded_install import UnguardedInstall
from guard.rules.unowned_file import UnownedFile
from guard.rules.unsafe_path import UnsafePath
from guard.rules.unsafe_pickle import UnsafePickle
from guard.rules.vanished_file import VanishedFile
from guard.rules.yanked_file import YankedFile

__all__ = ["CATALOGUE", "Rule", "Stage"]

CATALOGUE: Final[dict[RuleId, type[Rule]]] = {
    rule.id: rule
    for rule in (
        DeniedRelease,
        UnapprovedFile,
        FreshUpload,
        YankedFile,
        QuarantinedProject,
        ArchivedProject,
        VanishedFile,
        HashMismatch,
        KnownMalware,
        KnownVulnerability,
        ForeignIndex,
        MissingReceipt,
        LookalikeName,
        MissingAttestation,
        DroppedAttestation,
        InvalidAttestation,
        UnexpectedPublisher,
        ChangedPublisher,
        SourceDistribution,
        DirectUrl,
        AmbiguousArchive,
        OversizedArchive,
        UnsafePath,
        RecordMismatch,
        MetadataMismatch,
        StartupHook,
        ForeignFile,
        ShadowingCommand,
        UndeclaredBinary,
        UnsafePickle,
        SuspiciousCode,
        SuspiciousChange,
        NewDependency,
        AlteredFile,
        UnownedFile,
        UnguardedInstall,
    )
}
