internal import AssayMessages
internal import RPC

/// The versions that an alias may be rolled back to, oldest first. Pure.
///
/// A rollback goes down the trail: after 1, 2, 3 and a rollback to 2 the next one goes to 1, never
/// forward to 3 again.
enum AliasTrail {
    /// Steps that are remembered; what served earlier is found in the events.
    static let maximumSteps = 64

    /// The trail of an alias after it went from `present` to a version.
    static func after(
        _ present: AssayModelsV1.Alias?, to version: UInt32, isRollback: Bool
    ) -> [UInt32] {
        guard let present else { return [] }
        if isRollback {
            guard let step = present.before.lastIndex(of: version) else { return present.before }
            return Array(present.before[..<step])
        }
        if version == present.version { return present.before }
        return (present.before + [present.version]).suffix(maximumSteps)
    }
}
