import GatewayCore
import RPC
import RPCTransport
import Synchronization

/// Callers that call one after the other without rest, and remember what did not succeed.
final class SteadyCallers: Sendable {
    struct Result: Sendable {
        var calls = 0
        /// At most a few.
        var failures: [String] = []
        var failed = 0
    }

    private let client: RPCClient
    private let key: Mutex<APIKey>
    private let isStopped = Atomic(false)
    private let state = Mutex(Result())
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ client: RPCClient, key: APIKey, count: Int = 8) {
        self.client = client
        self.key = Mutex(key)
        let started = (0..<count).map { _ in Task { await self.run() } }
        tasks.withLock { $0 = started }
    }

    /// From now on they call with another key.
    func use(_ next: APIKey) { key.withLock { $0 = next } }

    var calls: Int { state.withLock(\.calls) }

    func stop() async -> Result {
        isStopped.store(true, ordering: .relaxed)
        for task in tasks.withLock({ $0 }) { await task.value }
        return state.withLock { $0 }
    }

    private func run() async {
        while !isStopped.load(ordering: .relaxed) {
            let status = await Self.call(client, key: key.withLock { $0 })
            state.withLock { state in
                state.calls += 1
                guard status != "0" else { return }
                state.failed += 1
                if state.failures.count < 5 { state.failures.append(status) }
            }
        }
    }

    /// The status of one call, "0" for a good one, or what became of it instead.
    static func call(
        _ client: RPCClient, key: APIKey, method: MethodDescriptor = GatewayUnderTest.method
    ) async -> String {
        let request = RawRequest(
            target: method.path,
            headers: ["content-type": "application/grpc", "x-api-key": key.text],
            body: [0, 0, 0, 0, 0])
        do {
            let reply = try await client.forward(
                request, deadline: Deadline(ProcessClock.now + .seconds(30)))
            let fields = reply.trailers ?? reply.headers
            let status = fields["grpc-status"] ?? "HTTP \(reply.status)"
            return status == "0" ? "0" : "\(status) \(RPCError(trailers: fields)?.reason ?? "")"
        } catch {
            return "\(error)"
        }
    }
}
