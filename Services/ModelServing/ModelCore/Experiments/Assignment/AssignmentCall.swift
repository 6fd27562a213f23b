package import AssayMessages
package import Wire

/// What a call says of itself to the experiments.
package struct AssignmentCall: Sendable {
    /// Unit kinds and ids.
    package var subjects: WireMap<String, String>
    package var attributes: WireMap<String, AssayModelsV1.AttributeValue>
    package var forced: AssayModelsV1.ForceArm?
    /// Of earlier replies.
    package var tokens: [String]

    package init(
        subjects: WireMap<String, String> = [:],
        attributes: WireMap<String, AssayModelsV1.AttributeValue> = [:],
        forced: AssayModelsV1.ForceArm? = nil, tokens: [String] = []
    ) {
        self.subjects = subjects
        self.attributes = attributes
        self.forced = forced
        self.tokens = tokens
    }
}
