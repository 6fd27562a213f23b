internal import AssayMessages
internal import RuleLanguage
internal import Wire

/// A compiled condition over the attributes of a call.
struct Targeting: Sendable {
    /// Whether a call is targeted.
    enum Verdict: Sendable, Hashable {
        case holds
        case fails
        /// An attribute was missing, so that it could not be decided: not targeted.
        case missing
        /// The condition erred, or an attribute was of another kind: not targeted.
        case failed
    }

    private let program: Program
    /// Facts that the condition reads, with their slots.
    private let reads: [(name: String, slot: Int)]

    init(
        _ text: String, attributes: [AssayModelsV1.AttributeDeclaration]
    ) throws(CompilationFailure) {
        let schema = AttributeCatalogue.schema(with: attributes)
        var builder = ProgramBuilder(environment: RuleEnvironment(facts: schema))
        _ = try builder.addCondition(text)
        program = builder.build()
        reads = program.expressions[0].factsRead.map { (schema.facts[$0].name, $0) }
    }

    func verdict(_ attributes: WireMap<String, AssayModelsV1.AttributeValue>) -> Verdict {
        var frame = FactFrame(schema: program.facts)
        for (name, slot) in reads {
            guard let value = attributes[name] else { continue }
            guard Self.set(value, slot, &frame) else { return .failed }
        }
        var evaluator = Evaluator()
        switch evaluator.condition(0, of: program, over: frame) {
        case .holds: return .holds
        case .fails: return .fails
        case .missing: return .missing
        case .failed: return .failed
        }
    }

    private static func set(
        _ value: AssayModelsV1.AttributeValue, _ slot: Int, _ frame: inout FactFrame
    ) -> Bool {
        switch value {
        case .text(let text): frame.set(slot, to: Scalar.text(text))
        case .integer(let number): frame.set(slot, to: Scalar.int(number))
        case .number(let number): frame.set(slot, to: Scalar.double(number))
        case .flag(let flag): frame.set(slot, to: Scalar.bool(flag))
        case .texts(let list): frame.set(slot, to: Constant.list(list.texts.map { .string($0) }))
        case .unrecognized: false
        }
    }
}
