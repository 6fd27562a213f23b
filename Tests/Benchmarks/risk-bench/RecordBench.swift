import AssayMessages
import Foundation
import RPC
import RiskCore
import Simulation
import Storage
import Synchronization
import Wire

/// `risk-bench record COUNT DIR`: decides on simulated payments and leaves their log in a folder, as
/// a service that was stopped would. A backtest has something to run over then.
struct RecordBench {
    let rules: RuleSet
    let policy: Policy
    let policyText: String
    let sources: RuleSources
    let count: Int
    let directory: String

    private static let atOnce = 64
    private static let days: Int64 = 30

    /// Nil if the arguments ask for something else.
    init?(_ arguments: [String]) throws {
        guard arguments.count == 4, arguments[1] == "record", let count = Int(arguments[2]) else {
            return nil
        }
        let folder = URL(filePath: "deploy/rules")
        sources = try RuleSources(directory: folder)
        var loader = RuleSetLoader(sources)
        rules = try loader.load()
        policyText = try String(
            contentsOf: folder.appending(path: "policy/default.yaml"), encoding: .utf8)
        policy = try Policy(yaml: policyText, file: "policy/default.yaml")
        self.count = count
        directory = arguments[3]
    }

    func run() async throws {
        let store = try RocksDBStore(directory: directory, families: RiskService.families)
        let log = try DecisionLog(store: store, newChain: "bench")
        let archive = RuleArchive(store: store)
        try archive.keep(rules, sources: sources, profile: nil)
        try archive.keep(policyText: policyText)
        let decided = Counter()
        let start = SimulationPlan(payments: 1).startMilliseconds / 1_000
        let span = Self.days * 86_400
        var surroundings = RiskBench.surroundings
        surroundings.now = { [count] in
            let number = decided.next()
            let second = start + span * Int64(number) / Int64(max(1, count))
            return Timestamp(seconds: second) ?? .blank()
        }
        var configuration = RiskConfiguration()
        // The rules see the features of the model's vector, which are drawn.
        configuration.usesRuleVector = false
        let service = RiskService(
            rules: rules, policy: policy, features: DrawnServices(), models: DrawnServices(),
            store: store, log: log, surroundings: surroundings, configuration: configuration)
        let context = ServerContext(
            method: AssayRiskV1.RiskAssessment.assessTransaction,
            caller: Caller(tenant: "demo", client: "bench"))
        let plan = SimulationPlan(payments: count, spanMilliseconds: span * 1_000)
        var stream = PaymentStream(plan)
        let started = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while let payment = stream.next() {
                if running >= Self.atOnce {
                    try await group.next()
                    running -= 1
                }
                running += 1
                group.addTask {
                    _ = try await service.assessTransaction(
                        payment.request(seed: plan.seed), context: context)
                }
            }
            try await group.waitForAll()
        }
        await log.close()
        store.close()
        let seconds = (ContinuousClock.now - started).components.seconds
        print("recorded \(count) decisions in \(directory) in \(seconds) s")
    }
}

private final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

/// A feature store and a model whose answers are drawn by the event's id: most payments are quiet.
private struct DrawnServices: ClientTransport {
    private static let features = 19

    func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage {
        let body = Array(framed.dropFirst(5))
        if method.path == AssayModelsV1.ModelServing.predict.path {
            guard let request = try? AssayModelsV1.PredictRequest(decoding: body, door: .strict)
            else { throw RPCError(.internal, "no request") }
            let draw = Double(Self.draw(request.requestID, 0) >> 11) / 0x1p53
            let response = AssayModelsV1.PredictResponse(
                version: 1, artifact: [UInt8](repeating: 1, count: 32), margin: [0],
                probability: [draw * draw * draw * draw])
            return ReplyMessage(framed: response.encoded(prefix: 5))
        }
        guard let request = try? AssayFeaturesV1.ScoreEventRequest(decoding: body, door: .strict)
        else { throw RPCError(.internal, "no request") }
        let values = (0..<Self.features).map { index in
            Double(Self.draw(request.event.id, UInt64(index)).leadingZeroBitCount)
        }
        let vector = AssayFeaturesV1.Vector(
            ref: request.vectors[0], asOf: request.event.time, values: values,
            status: [UInt8](repeating: 0, count: Self.features),
            digest: [UInt8](repeating: 2, count: 32))
        let response = AssayFeaturesV1.ScoreEventResponse(
            receipt: AssayFeaturesV1.Receipt(
                eventID: request.event.id, outcome: .applied), vectors: [vector],
            definitionSet: [UInt8](repeating: 9, count: 32))
        return ReplyMessage(framed: response.encoded(prefix: 5))
    }

    /// FNV-1a and SplitMix64: the same for an id each time.
    private static func draw(_ id: String, _ index: UInt64) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 &+ index
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
