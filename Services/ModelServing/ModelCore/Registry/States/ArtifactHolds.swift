internal import Synchronization

/// Artifacts that registrations are bringing: stored, but of no version yet.
final class ArtifactHolds: Sendable {
    private let counts = Mutex<[ArtifactDigest: Int]>([:])

    func hold(_ digest: ArtifactDigest) { counts.withLock { $0[digest, default: 0] += 1 } }

    func release(_ digest: ArtifactDigest) {
        counts.withLock { counts in
            counts[digest] = counts[digest].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
    }

    /// Runs a body while nobody can begin to hold the artifact, unless somebody does.
    func unlessHeld(_ digest: ArtifactDigest, _ body: () throws -> Void) rethrows {
        try counts.withLock { counts in
            if counts[digest] == nil { try body() }
        }
    }
}
