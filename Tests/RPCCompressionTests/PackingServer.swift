import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Wire

typealias EchoMessage = BenchV1.EchoMessage

/// Echoes in all four ways.
struct EchoService: RPCService {
    static func method(_ name: String, _ kind: MethodKind, isSecret: Bool = false)
        -> MethodDescriptor
    {
        MethodDescriptor(
            path: "/test.Packing/\(name)", kind: kind, access: .public, idempotency: .readonly,
            deadline: .seconds(20), maximumRequestBytes: 1_000_000,
            maximumResponseBytes: 1_000_000, carriesCredentials: isSecret)
    }

    static let method = method("Say", .unary)
    static let secret = method("Secret", .unary, isSecret: true)
    static let replay = method("Replay", .serverStreaming)
    static let collect = method("Collect", .clientStreaming)
    static let converse = method("Converse", .bidirectional)
    static let streams = [replay, collect, converse]

    func register(in registry: inout MethodRegistry) {
        for method in [Self.method, Self.secret] {
            registry.unary(method) { (request: EchoMessage, _) in request }
        }
        registry.serverStreaming(Self.replay) {
            (request: EchoMessage, replies: ReplyWriter<EchoMessage>, _) in
            for _ in 0..<3 { try await replies.write(request) }
        }
        registry.clientStreaming(Self.collect) { (requests: RequestStream<EchoMessage>, _) in
            var payload: [UInt8] = []
            for try await request in requests { payload += request.payload }
            return EchoMessage(payload: payload)
        }
        registry.bidirectional(Self.converse) {
            (requests: RequestStream<EchoMessage>, replies: ReplyWriter<EchoMessage>, _) in
            for try await request in requests { try await replies.write(request) }
        }
    }
}

/// Answers as a router does, and remembers what its callers said of packing.
final class Listening: RequestHandler {
    struct Words: Sendable {
        let encoding: String?
        let accepts: String?
        /// The first byte of the body of a unary call.
        var flag: UInt8?
    }

    private let inner: any RequestHandler
    private let words = Mutex<[Words]>([])

    init(_ inner: any RequestHandler) { self.inner = inner }

    var heard: [Words] { words.withLock { $0 } }

    func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        inner.admit(head, from: peer)
    }

    func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        let fields = request.head.fields
        let said = Words(
            encoding: fields["grpc-encoding"], accepts: fields["grpc-accept-encoding"],
            flag: request.copyBody().first)
        words.withLock { $0.append(said) }
        return inner.handle(request)
    }
}

/// A server on a free port, with a client that sends what it is told to.
struct PackingServer {
    let handler: Listening
    let target: String
    private let sender: RPCClient

    static func run(
        compressing: [MethodDescriptor] = [], _ body: (PackingServer) async throws -> Void
    ) async throws {
        let handler = Listening(ServiceRouter([EchoService()], compressing: compressing))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = RPCServer(
            listeners: [.plaintext(port: 0)], handler: handler, group: group)
        try await server.start()
        let target = "127.0.0.1:\(server.port)"
        let sender = try RPCClient(target)
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await body(PackingServer(handler: handler, target: target, sender: sender)))
        } catch {
            result = .failure(error)
        }
        await sender.close()
        await server.shutdown(grace: .milliseconds(200))
        try await group.shutdownGracefully()
        try result.get()
    }

    /// A request with these bytes as its body.
    func send(
        _ framed: [UInt8], encoding: String? = nil, accepts: String? = nil,
        to method: MethodDescriptor = EchoService.method
    ) async throws -> RawReply {
        var headers: Metadata = ["content-type": "application/grpc"]
        if let encoding { headers.append("grpc-encoding", encoding) }
        if let accepts { headers.append("grpc-accept-encoding", accepts) }
        let request = RawRequest(
            target: method.path, headers: headers, body: framed, maximumReplyBytes: 2_000_000)
        return try await sender.forward(request, deadline: .none)
    }

    func plain(_ message: EchoMessage) -> [UInt8] {
        var framed = message.encoded(prefix: MessagePrefix.count)
        MessagePrefix.write(into: &framed)
        return framed
    }

    func packed(_ message: EchoMessage) -> [UInt8] {
        Packing.framed(Packing.gzip(Array(message.encoded(prefix: 0))))
    }
}
