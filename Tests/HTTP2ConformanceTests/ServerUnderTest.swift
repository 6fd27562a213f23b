import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import TLS
import Testing

/// The servers that every case is run against: both profiles, in plaintext and over TLS. `.edge` is
/// what the gateway listens with.
enum ServerUnderTest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case mesh = "h2c, .mesh"
    case meshTLS = "TLS, .mesh"
    case edge = "h2c, .edge"
    case edgeTLS = "TLS, .edge"

    var testDescription: String { rawValue }

    var profile: RPCProfile { self == .mesh || self == .meshTLS ? .mesh : .edge }
    var isTLS: Bool { self == .meshTLS || self == .edgeTLS }

    /// A connection of its own to the server of this kind, which all cases share.
    func connect() async throws -> RawClient {
        let server = try await ServerPark.shared.server(self)
        let tls = isTLS ? try Credentials.shared.get().client : nil
        return try await RawClient(port: server.port, tls: tls)
    }
}

/// The servers that run, each started when it is first needed.
private actor ServerPark {
    static let shared = ServerPark()
    private var servers: [ServerUnderTest: Task<RPCServer, any Error>] = [:]

    func server(_ kind: ServerUnderTest) async throws -> RPCServer {
        if let running = servers[kind] { return try await running.value }
        let starting = Task {
            let tls = kind.isTLS ? try Credentials.shared.get().server(kind.profile) : nil
            let server = RPCServer(
                listeners: [RPCListener(host: "127.0.0.1", port: 0, tls: tls)],
                services: [EchoService()], profile: kind.profile,
                group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            try await server.start()
            return server
        }
        servers[kind] = starting
        return try await starting.value
    }
}

/// Certificates of an authority that lives as long as the tests.
struct Credentials: Sendable {
    static let shared = Result { try Credentials() }

    private let identity: TLSIdentity
    private let trust: TLSTrust
    let client: TLSContext

    init() throws {
        let authority = try DevelopmentCertificateAuthority(validity: .days(1))
        identity = try authority.issue(
            LeafCertificateRequest(
                commonName: "leaf", spiffeID: SPIFFEID("spiffe://assay.example/ns/t/sa/server"),
                dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], validity: .days(1)))
        trust = authority.trust
        client = try TLSContext.client(trust: trust, expecting: .anyTrusted, versions: .edge)
    }

    func server(_ profile: RPCProfile) throws -> TLSContext {
        let isEdge = profile.http2.maximumConcurrentStreams == 100
        return try .server(identity: identity, versions: isEdge ? .edge : .mesh)
    }

    /// A server that answers by hand, for clients under test.
    func script() throws -> TLSContext { try .server(identity: identity) }
}

/// What the servers serve: an echo, and a method that never answers.
struct EchoService: RPCService {
    static let say = MethodDescriptor(
        path: "/test.Echo/Say", kind: .unary, access: .public, idempotency: .readonly)
    static let hold = MethodDescriptor(
        path: "/test.Echo/Hold", kind: .unary, access: .public, deadline: .seconds(60))
    static let chat = MethodDescriptor(
        path: "/test.Echo/Chat", kind: .bidirectional, access: .public)

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.say) { (request: BenchV1.EchoMessage, _) in request }
        registry.unary(Self.hold) { (request: BenchV1.EchoMessage, _) in
            try await Task.sleep(for: .seconds(60))
            return request
        }
        registry.bidirectional(Self.chat) {
            (requests: RequestStream<BenchV1.EchoMessage>, replies, _) in
            for try await request in requests { try await replies.write(request) }
        }
    }
}
