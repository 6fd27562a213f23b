internal import AssayMessages
internal import RPC
internal import Wire

/// A move of an alias that is asked for, with all that the gates have to know of it.
struct AliasMove: Sendable {
    /// Why a version cannot be scored with.
    struct LoadFailure: Error { var reason: String }

    /// What is known of the difference between the scores of two versions on the same calls.
    struct Evidence: Sendable, Hashable {
        /// Where it is from: `experiment "trial"`, `shadow "next"`.
        var source: String
        /// The population stability index of the scores, if it was measured.
        var populationStability: Double?
    }

    let model: String
    let alias: String
    let policy: AssayModelsV1.AliasPolicy
    /// The version that is to serve.
    let record: AssayModelsV1.VersionRecord
    let state: AssayModelsV1.VersionState
    /// Hashed, parsed, and its golden rows replayed just now.
    let loaded: Result<ServingVersion, LoadFailure>
    /// The version that the alias points to; nil if it is new.
    var present: AssayModelsV1.VersionRecord?
    /// The experiment that divides the alias.
    var frozen: RPCError?
    var evidence: [Evidence] = []
    let mover: String
    let reason: String
    let time: Timestamp
    /// Back to what served before: gone without what only forward moves must show.
    var isRollback = false
}
