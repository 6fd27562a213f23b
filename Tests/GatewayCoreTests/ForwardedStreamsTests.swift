import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Testing

@testable import GatewayCore

private typealias Echo = BenchV1.EchoMessage

/// A service behind a gateway, over real connections.
@Suite("Streams through the gateway", .serialized)
struct ForwardedStreamsTests {
    private static func method(
        _ name: String, _ kind: MethodKind, _ idempotency: Idempotency = .none
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/test.Streams/\(name)", kind: kind, access: .public, idempotency: idempotency,
            deadline: .seconds(20), maximumRequestBytes: 4 << 20, maximumResponseBytes: 4 << 20)
    }

    private static let say = method("Say", .unary, .readonly)
    private static let watch = method("Watch", .serverStreaming)
    private static let collect = method("Collect", .clientStreaming)
    private static let converse = method("Converse", .bidirectional)
    private static let few = method("Few", .bidirectional)
    private static let wait = method("Wait", .serverStreaming)
    private static let refuse = method("Refuse", .clientStreaming)
    private static let all = [say, watch, collect, converse, few, wait, refuse]

    /// What the service sees.
    private final class Seen: Sendable {
        let cancelled = Atomic(0)
        let read = Atomic(0)
    }

    private struct Service: RPCService {
        let seen: Seen

        func register(in registry: inout MethodRegistry) {
            registry.unary(say) { (request: Echo, context: ServerContext) in
                context.addReplyTrailers(["x-note": "kept"])
                return request
            }
            registry.serverStreaming(watch) {
                (request: Echo, replies: ReplyWriter<Echo>, _: ServerContext) in
                for index in 0..<Int(request.payload.first ?? 0) {
                    try await replies.write(Echo(payload: [UInt8(index)]))
                }
            }
            registry.clientStreaming(collect) {
                (requests: RequestStream<Echo>, _: ServerContext) in
                var sum = 0
                for try await request in requests { sum += request.payload.count }
                return Echo(payload: Array(String(sum).utf8))
            }
            for method in [converse, few] {
                registry.bidirectional(method) {
                    (requests: RequestStream<Echo>, replies: ReplyWriter<Echo>, _: ServerContext) in
                    for try await request in requests { try await replies.write(request) }
                }
            }
            registry.serverStreaming(wait) {
                (_: Echo, replies: ReplyWriter<Echo>, _: ServerContext) in
                try await replies.write(Echo(payload: [1]))
                do {
                    try await Task.sleep(for: .seconds(30))
                } catch {
                    seen.cancelled.wrappingAdd(1, ordering: .relaxed)
                    throw error
                }
            }
            registry.clientStreaming(refuse) {
                (requests: RequestStream<Echo>, _: ServerContext) -> Echo in
                for try await _ in requests { break }
                throw RPCError(.failedPrecondition, "enough, 100 %: \u{20AC}", reason: "ENOUGH")
            }
        }
    }

    private static let yaml = """
        version: 1
        listeners: [ { name: public, port: 8443 } ]
        admin: { port: 9901 }
        authentication: { api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } } }
        authorization: { tenants: { bank: { scopes: [] }, closed: { active: false, scopes: [] } }, roles: { assessor: [] } }
        limits:
          address: { limit: 100000, period: 60s, burst: 100000 }
          plans: { core: { client: { limit: 2000, period: 1s, burst: 4000, counts: cost } } }
        routes:
          - service: test.Streams
            upstream: streams
            methods: { Few: { max_messages: 3 } }
        upstreams: { streams: { target: "127.0.0.1:1" } }
        """

    private func run(
        _ body: (RPCClient, Seen, AccessLog) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let seen = Seen()
        let service = RPCServer(
            listeners: [.plaintext(port: 0)], services: [Service(seen: seen)],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true), group: group)
        try await service.start()
        let upstream = try RPCClient("127.0.0.1:\(service.port)", profile: .mesh, group: group)
        let keys = APIKeyFile(entries: []).yaml
        let files = [
            "/etc/gateway.yaml": Self.yaml, "/etc/keys.yaml": keys,
            "/etc/pepper-1": String(decoding: Fixtures.pepperSecret, as: UTF8.self),
        ]
        let loader = GatewayLoader(methods: Self.all) { Array((files[$0] ?? "").utf8) }
        let log = AccessLog()
        let handler = GatewayHandler(
            serving: ServingSlot(
                ServingState(
                    snapshot: try loader.load("/etc/gateway.yaml"), upstreams: [upstream])),
            limits: GatewayLimits(capacity: 16, seed: 1),
            clock: GatewayClock(
                now: { Instant(nanoseconds: 0) }, unixMilliseconds: { 2_000_000 }),
            log: log, counters: GatewayCounters(), seed: 7)
        let gateway = RPCServer(
            listeners: [.plaintext(port: 0)], handler: handler, profile: .edge, group: group)
        try await gateway.start()
        let client = try RPCClient("127.0.0.1:\(gateway.port)", group: group)
        let result: Result<Void, any Error>
        do { result = .success(try await body(client, seen, log)) } catch {
            result = .failure(error)
        }
        await client.close()
        await gateway.shutdown(grace: .milliseconds(200))
        await upstream.close()
        await service.shutdown(grace: .milliseconds(200))
        try await group.shutdownGracefully()
        try result.get()
    }

    @Test("one message, small and larger than any window, comes back with its trailers")
    func unary() async throws {
        try await run { client, _, _ in
            for count in [0, 10, 70_000, 1 << 20] {
                let received = ReceivedMetadata()
                var options = CallOptions()
                options.received = received
                let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                let reply: Echo = try await client.unary(
                    Self.say, Echo(payload: payload), options: options)
                #expect(reply.payload == payload)
                #expect(received.trailers["x-note"] == "kept")
            }
        }
    }

    @Test("replies, requests and both stream through")
    func streams() async throws {
        try await run { client, _, log in
            let replies = try await client.serverStreaming(Self.watch, Echo(payload: [5])) {
                (replies: ReplyStream<Echo>) in
                var all: [[UInt8]] = []
                for try await reply in replies { all.append(reply.payload) }
                return all
            }
            #expect(replies == [[0], [1], [2], [3], [4]])
            let sum: Echo = try await client.clientStreaming(Self.collect) {
                (requests: RequestWriter<Echo>) in
                for _ in 0..<50 {
                    try await requests.write(Echo(payload: [UInt8](repeating: 7, count: 40_000)))
                }
            }
            #expect(String(decoding: sum.payload, as: UTF8.self) == "2000000")
            try await client.bidirectional(Self.converse) {
                (requests: RequestWriter<Echo>, replies: ReplyStream<Echo>) in
                var answers = replies.makeAsyncIterator()
                for index in 0..<20 {
                    try await requests.write(Echo(payload: [UInt8(index)]))
                    #expect(try await answers.next()?.payload == [UInt8(index)])
                }
                requests.finish()
                #expect(try await answers.next() == nil)
            }
            let lines = String(decoding: log.drain().bytes, as: UTF8.self)
            #expect(lines.split(separator: "\n").count == 3)
            #expect(!lines.contains("reason"))
        }
    }

    @Test("a caller that leaves ends the service's call")
    func cancellation() async throws {
        try await run { client, seen, _ in
            try await client.serverStreaming(Self.wait, Echo(payload: [])) {
                (replies: ReplyStream<Echo>) in
                for try await _ in replies { break }
            }
            for _ in 0..<500 where seen.cancelled.load(ordering: .relaxed) == 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(seen.cancelled.load(ordering: .relaxed) == 1)
        }
    }

    @Test("a service that ends before its requests do is heard as it said it")
    func earlyEnd() async throws {
        try await run { client, _, _ in
            do {
                let _: Echo = try await client.clientStreaming(Self.refuse) {
                    (requests: RequestWriter<Echo>) in
                    for _ in 0..<1000 {
                        try await requests.write(
                            Echo(payload: [UInt8](repeating: 7, count: 10_000)))
                    }
                }
                Issue.record("the service refuses")
            } catch let error as RPCError {
                #expect(error.code == .failedPrecondition && error.reason == "ENOUGH")
                #expect(error.message.contains("enough, 100 %: \u{20AC}"))
            }
        }
    }

    @Test("a stream has no more messages than the configuration allows")
    func messages() async throws {
        try await run { client, _, _ in
            do {
                try await client.bidirectional(Self.few) {
                    (requests: RequestWriter<Echo>, replies: ReplyStream<Echo>) in
                    var answers = replies.makeAsyncIterator()
                    for index in 0..<5 {
                        try await requests.write(Echo(payload: [UInt8(index)]))
                        _ = try await answers.next()
                    }
                }
                Issue.record("the fourth message is too much")
            } catch let error as RPCError {
                #expect(error.code == .resourceExhausted && error.reason == "TOO_MANY_MESSAGES")
            }
        }
    }
}
