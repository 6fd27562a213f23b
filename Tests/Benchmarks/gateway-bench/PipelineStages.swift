import GatewayCore
import RPC

/// The stages of the pipeline one by one, on a gRPC call with an API key that passes them all, and what
/// comes behind them; then all of it at once.
enum PipelineStages {
    private static let stages: [(RequestPipeline.Stage, String)] = [
        (.face, "3 face"), (.headers, "4 headers, request name"), (.route, "5 route"),
        (.address, "6 address limits"), (.deadline, "7 deadline"),
        (.authenticate, "8 authenticate, API key"), (.authorize, "9 authorize"),
        (.idempotency, "10 idempotency key"), (.limit, "11 rate limit, two rules"),
        (.load, "12 concurrency, in and out"), (.body, "13 body, 200 bytes"),
        (.forward, "15 headers to the service"), (.reply, "16 headers to the caller, status"),
    ]

    static func all() throws -> [BenchStage] {
        let call = try BenchCall()
        var measured = stages.map { stage, name in call.stage(stage, name) }
        measured.append(call.whole("all of them, and the log entry"))
        measured.append(call.counted("16 counters"))
        measured.append(call.logged("16 line of the access log"))
        return measured
    }
}

/// One call, and all that its pipeline needs.
private final class BenchCall {
    private let gateway: BenchGateway
    private let head: RequestHead
    private let peer = Peer(address: "10.0.0.7:40112", isEncrypted: true)
    private let limits = GatewayLimits(seed: 1)
    private let admission = AdmissionControl()
    private let counters = GatewayCounters()
    private let reply: Metadata = ["content-type": "application/grpc", "grpc-status": "0"]
    private let body: [UInt8] = [0, 0, 0, 0, 200] + [UInt8](repeating: 7, count: 200)
    private var number: UInt64 = 0
    private let now = Instant(nanoseconds: 1_000_000_000)
    private let clock: @Sendable () -> Instant = { Instant(nanoseconds: 1_000_000_000) }

    init() throws {
        gateway = try BenchGateway([])
        head = RequestHead(
            fields: [
                ":method": "POST", ":scheme": "https", ":authority": "api.bank.example",
                ":path": "/assay.risk.v1.RiskAssessment/AssessTransaction",
                "content-type": "application/grpc", "te": "trailers", "grpc-timeout": "20m",
                "user-agent": "grpc-swift/2.0", "x-api-key": gateway.key.text,
                "idempotency-key": "order-2026-11-23-000017",
            ], receivedAt: Instant(nanoseconds: 1_000_000_000))
    }

    private var surroundings: RequestPipeline.Surroundings {
        number &+= 0x9E37_79B9_7F4A_7C15
        return RequestPipeline.Surroundings(
            now: now, wallClock: BenchSigner.now, entropy: number, clock: clock)
    }

    /// A pipeline whose request has passed every stage before it is forwarded.
    private func passed() -> RequestPipeline? {
        var pipeline = RequestPipeline(
            snapshot: gateway.snapshot, limits: limits, admission: admission)
        guard case .read = pipeline.received(head, from: peer, surroundings) else { return nil }
        return pipeline
    }

    func stage(_ stage: RequestPipeline.Stage, _ name: String) -> BenchStage {
        guard var pipeline = passed() else { fatalError("the call is refused") }
        return BenchStage(name: name) { [self] in
            body.withUnsafeBytes { body in
                pipeline.rehearse(stage, head, from: peer, surroundings, body: body, reply: reply)
            }
        }
    }

    func whole(_ name: String) -> BenchStage {
        BenchStage(name: name) { [self] in
            guard var pipeline = passed() else { return false }
            let request = pipeline.forwarded(head)
            return !request.headers.isEmpty
        }
    }

    func counted(_ name: String) -> BenchStage {
        guard let entry = passed()?.log else { fatalError("the call is refused") }
        return BenchStage(name: name) { [self] in
            counters.count(entry)
            return true
        }
    }

    func logged(_ name: String) -> BenchStage {
        guard let entry = passed()?.log else { fatalError("the call is refused") }
        var lines: [UInt8] = []
        return BenchStage(name: name) {
            lines.removeAll(keepingCapacity: true)
            entry.write(to: &lines, unixMilliseconds: BenchSigner.now * 1000)
            return !lines.isEmpty
        }
    }
}
