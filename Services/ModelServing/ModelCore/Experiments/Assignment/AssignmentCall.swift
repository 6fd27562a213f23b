internal import AssayMessages
internal import Wire

/// What a call says of itself to the experiments.
struct AssignmentCall: Sendable {
    /// Unit kinds and ids.
    var subjects: WireMap<String, String> = [:]
    var attributes: WireMap<String, AssayModelsV1.AttributeValue> = [:]
    var forced: AssayModelsV1.ForceArm?
    /// Of earlier replies.
    var tokens: [String] = []
}
