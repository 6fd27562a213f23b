import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCTransport
import RawHTTP2
import TLS
import TestSupport
import Testing

/// The servers that every case is run against: both profiles, in plaintext and over TLS, and a gateway as
/// it is run, which speaks HTTP/1.1 on the same port.
enum ServerUnderTest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case mesh = "h2c, .mesh"
    case meshTLS = "TLS, .mesh"
    case edge = "h2c, .edge"
    case edgeTLS = "TLS, .edge"
    case gateway = "h2c, assay-gateway"
    case gatewayTLS = "TLS, assay-gateway"

    var testDescription: String { rawValue }

    var profile: RPCProfile { self == .mesh || self == .meshTLS ? .mesh : .edge }
    var isTLS: Bool { self == .meshTLS || self == .edgeTLS || self == .gatewayTLS }
    var isGateway: Bool { self == .gateway || self == .gatewayTLS }

    /// A connection of its own to the server of this kind, which all cases share.
    func connect() async throws -> RawClient {
        let port = try await ServerPark.shared.port(of: self)
        let tls = isTLS ? try Credentials.shared.get().client : nil
        return try await RawClient(port: port, tls: tls)
    }
}

/// The servers that run, each started when it is first needed.
private actor ServerPark {
    static let shared = ServerPark()
    private var ports: [ServerUnderTest: Task<Int, any Error>] = [:]
    /// What has to live as long as the tests.
    private var running: [any Sendable] = []

    func port(of kind: ServerUnderTest) async throws -> Int {
        if let started = ports[kind] { return try await started.value }
        let starting = Task { try await start(kind) }
        ports[kind] = starting
        return try await starting.value
    }

    private func start(_ kind: ServerUnderTest) async throws -> Int {
        let isBare = kind.isTLS && !kind.isGateway
        let tls = isBare ? try Credentials.shared.get().server(kind.profile) : nil
        let server = RPCServer(
            listeners: [RPCListener(host: "127.0.0.1", port: 0, tls: tls)],
            services: [EchoService()], profile: kind.profile,
            group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
        try await server.start()
        running.append(server)
        guard kind.isGateway else { return server.port }
        var files = GatewayProgram.publicFiles(
            upstream: server.port,
            listener: kind.isTLS ? ", tls: { certificate: edge.pem, key: edge.key }" : "",
            further: "connections: { per_address: 100000 }")
        if kind.isTLS { files.merge(try Credentials.shared.get().files()) { $1 } }
        let gateway = try await GatewayProgram(files, options: ["--loops", "1"])
        gateway.process.endWithTests()
        running.append(gateway)
        return gateway.port
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

    /// "edge.pem" and "edge.key", for a server that reads them.
    func files() throws -> [String: String] {
        let folder = try TemporaryDirectory()
        let (certificate, key) = ("\(folder.path)/edge.pem", "\(folder.path)/edge.key")
        try identity.write(certificateFile: certificate, keyFile: key)
        return [
            "edge.pem": try String(contentsOfFile: certificate, encoding: .utf8),
            "edge.key": try String(contentsOfFile: key, encoding: .utf8),
        ]
    }

    /// A server that answers by hand, for clients under test.
    func script() throws -> TLSContext { try .server(identity: identity) }
}

/// What the servers serve: an echo, and a method that never answers. Their paths are those of a schema,
/// since a gateway forwards no others.
struct EchoService: RPCService {
    static let say = MethodDescriptor(
        path: BenchV1.Echo.say.path, kind: .unary, access: .public, idempotency: .readonly)
    static let hold = MethodDescriptor(
        path: BenchV1.Streaming.replay.path, kind: .serverStreaming, access: .public,
        deadline: .seconds(60))

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.say) { (request: BenchV1.EchoMessage, _) in request }
        registry.serverStreaming(Self.hold) {
            (_: BenchV1.EchoMessage, _: ReplyWriter<BenchV1.EchoMessage>, _) in
            try await Task.sleep(for: .seconds(60))
        }
    }
}
