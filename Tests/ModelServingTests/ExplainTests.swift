import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("Explain")
struct ExplainTests {
    typealias Request = AssayModelsV1.ExplainRequest
    typealias Response = AssayModelsV1.ExplainResponse

    /// margin = 2 if a ≤ 1, else b ≤ 0 ? -1 : 3; with or without covers.
    private static func forest(covers: Bool) -> [UInt8] {
        let cover = covers ? #","cover":[10,6,4,1,3]"# : ""
        return Array(
            """
            {"format":"assay-forest","version":1,"kind":"regressor","inputs":["a","b"],"trees":[
             {"left":[1,-1,3,-1,-1],"right":[2,-1,4,-1,-1],"feature":[0,-2,1,-2,-2],
              "threshold":[1,-2,0,-2,-2],"value":[0,2,0,-1,3],
              "missing_left":[true,true,true,true,true]\(cover)}]}
            """.utf8)
    }

    private static func version(
        covers: Bool = true, _ change: (inout AssayModelsV1.Manifest) -> Void = { _ in }
    ) throws -> ServingVersion {
        let artifact = forest(covers: covers)
        var manifest = AssayModelsV1.Manifest(
            purpose: "fraud", inputs: [SmallVersion.number("a"), SmallVersion.number("b")])
        change(&manifest)
        return try ServingVersion(
            artifact: artifact, digest: ArtifactDigest(of: artifact), number: 1,
            manifest: manifest)
    }

    private static func explain(
        _ version: ServingVersion, _ values: [Double], _ change: (inout Request) -> Void = { _ in }
    ) throws(RPCError) -> Response {
        var request = Request(call: .init(requestID: "e", model: "m", values: values))
        change(&request)
        return try ExplainCall(request, version).response(generation: 7)
    }

    private static let background: [AssayModelsV1.BackgroundRow] = [
        .init(values: [0, 0]), .init(values: [2, 1]), .init(values: [2, -1]),
    ]

    @Test(
        "the model's own method: base, parts and rounding are the margin, and say where they push")
    func own() throws {
        let response = try Self.explain(try Self.version(), [2, -1])
        let explanation = try #require(response.prediction.explanation)
        #expect(explanation.method == .treeShap && explanation.exactness == .exact)
        let sum = explanation.attributions.reduce(explanation.baseValue) { $0 + $1.value }
        #expect(abs(sum + explanation.rounding - response.prediction.margin[0]) < 1e-12)
        #expect(response.prediction.margin == [-1] && response.prediction.snapshot == 7)
        #expect(response.effects.map(\.field) == ["b", "a"])
        #expect(response.effects.map(\.effect) == ["decreases fraud risk", "decreases fraud risk"])
    }

    @Test("without covers it is FAILED_PRECONDITION, and says what would help")
    func withoutCovers() throws {
        let version = try Self.version(covers: false)
        let error = refusal { try Self.explain(version, [2, -1]) }
        #expect(error.code == .failedPrecondition && error.reason == "explanation_unavailable")
        #expect(
            error.message
                == "version 1 cannot explain: its file has no covers: how many training rows met "
                + "each node; send background rows, or register the version with some")
        let predicted = refusal { try version.predict([2, -1]) { $0.explain = .contributions } }
        #expect(predicted.code == .failedPrecondition)
        let named = refusal { try Self.explain(version, [2, -1]) { $0.method = .treeShap } }
        #expect(named.code == .failedPrecondition && named.message.contains("covers"))
    }

    @Test(
        "every method that asks the model takes the caller's background, and adds up",
        arguments: [
            AssayModelsV1.ExplanationMethod.coalitions, .permutations, .kernelShap, .lime,
        ])
    func sampled(_ method: AssayModelsV1.ExplanationMethod) throws {
        let version = try Self.version(covers: false)
        let ask = {
            try Self.explain(version, [2, -1]) {
                $0.method = method
                $0.background = Self.background
            }
        }
        let explanation = try #require(try ask().prediction.explanation)
        #expect(explanation.method == method)
        let sum = explanation.attributions.reduce(explanation.baseValue) { $0 + $1.value }
        #expect(abs(sum + explanation.rounding - -1) < 1e-9)
        // The seed follows from model and row: the same call, the same bits.
        #expect(try ask().prediction.explanation == explanation)
        if method == .lime {
            #expect(explanation.localFit != nil && explanation.seed != nil)
        }
    }

    @Test("a version registered with a background explains itself, in Predict too")
    func registeredBackground() throws {
        let version = try Self.version(covers: false) { $0.background = Self.background }
        let response = try version.predict([2, -1]) { $0.explain = .contributions }
        #expect(response.explanation?.method == .coalitions)
        #expect(version.manifest.background.isEmpty)
        let bad = refusal {
            try Self.version { $0.background = [.init(values: [1])] }
        }
        #expect(
            bad.message
                == "manifest.background[0]: values: expected 2 values, one per input, got 1")
    }

    @Test("below `explain_from` there is a score and no explanation")
    func threshold() throws {
        let version = try SmallVersion.make()
        let quiet = try Self.explain(version, [-2, 0]) { $0.call.explainFrom = 0.5 }
        #expect(quiet.prediction.explanation == nil && quiet.effects.isEmpty)
        #expect(quiet.prediction.probability[0] < 0.5)
        let loud = try Self.explain(version, [2, 0]) { $0.call.explainFrom = 0.5 }
        #expect(loud.prediction.explanation?.method == .linear)
        #expect(loud.effects.map(\.effect) == ["increases adverse event risk", "no effect"])
    }

    @Test("what cannot be asked is refused by name")
    func refusals() throws {
        let version = try Self.version()
        let output = refusal { try Self.explain(version, [2, -1]) { $0.output = 1 } }
        #expect(
            output.code == .invalidArgument
                && output.message == "output: expected one below 1, got 1")
        let linear = refusal { try Self.explain(version, [2, -1]) { $0.method = .linear } }
        #expect(linear.code == .failedPrecondition)
        let row = refusal {
            try Self.explain(version, [2, -1]) { $0.background = [.init(values: [1, 2, 3])] }
        }
        #expect(row.message == "background[0]: values: expected 2 values, one per input, got 3")
        let infinite = refusal { try Self.explain(version, [2, .infinity]) }
        #expect(infinite.message == "values[1] b: expected a number, got inf")
    }

    @Test("the importance of a version is in its description")
    func importance() throws {
        let version = try Self.version()
        let model = ServingModel(
            name: "m", aliases: [:], versions: [1: version], damage: [:], newest: 1)
        let described = ModelDescriber.describe(version, of: model)
        #expect(described.importance.map(\.field) == ["a", "b"])
        #expect(described.importance.map(\.splits) == [1, 1])
        #expect(described.explanation == .treeShap)
        let line = try SmallVersion.make()
        #expect(line.importance.map(\.coefficients) == [[1], [2]])
    }

    @Test("a decision of an earlier version replays by its number, bit for bit")
    func replay() throws {
        let first = try SmallVersion.make()
        let second = try SmallVersion.make(
            [
                SmallVersion.number("a"), SmallVersion.number("b"), SmallVersion.number("c"),
            ], number: 2)
        var request = AssayModelsV1.PredictRequest(
            requestID: "d-1", model: "m", values: [0.1, -0.7])
        request.explain = .reasons
        request.explainFrom = 0.1
        let then = SmallVersion.snapshot([first], champion: 1, generation: 3)
        let decided = try Predictor.predict(request, in: then)
        // The champion moved on, and takes another input.
        let now = SmallVersion.snapshot([first, second], champion: 2, generation: 9)
        #expect(refusal { try Predictor.predict(request, in: now) }.code == .invalidArgument)
        request.selector = .version(decided.version)
        var replayed = try Predictor.predict(request, in: now)
        #expect(replayed.snapshot == 9)
        replayed.snapshot = decided.snapshot
        #expect(replayed.encoded() == decided.encoded())
        var explained = try ExplainCall(.init(call: request), first).response(generation: 3)
        #expect(explained.prediction.encoded() == decided.encoded())
        explained.prediction.margin[0] = explained.prediction.margin[0].nextUp
        #expect(explained.prediction.encoded() != decided.encoded())
    }
}
