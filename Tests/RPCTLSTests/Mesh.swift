import AssayMessages
import Foundation
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import TLS
import TestSupport
import Wire

typealias EchoMessage = BenchV1.EchoMessage

/// Answers who it was called by.
struct WhoAmI: RPCService {
    static let ask = MethodDescriptor(
        path: "/test.Mesh/Ask", kind: .unary, access: .public, idempotency: .readonly,
        deadline: .seconds(10))

    func register(in registry: inout MethodRegistry) {
        registry.unary(Self.ask) { (_: EchoMessage, context) in
            EchoMessage(payload: Array((context.peer.identity ?? "nobody").utf8))
        }
    }
}

/// Keeps how handshakes ended.
final class Handshakes: TLSHandshakeObserver {
    private let results = Mutex<[Result<TLSHandshakeCompleted, TLSError>]>([])

    func handshakeEnded(_ result: Result<TLSHandshakeCompleted, TLSError>) {
        results.withLock { $0.append(result) }
    }

    var failures: [TLSError] {
        results.withLock { results in
            results.compactMap { result in
                if case .failure(let error) = result { error } else { nil }
            }
        }
    }

    var versions: [String] {
        results.withLock { results in results.compactMap { try? $0.get().version } }
    }
}

/// An authority, and the files of workloads that it has named.
struct Authority {
    let authority: DevelopmentCertificateAuthority
    let directory: TemporaryDirectory

    init() throws {
        authority = try DevelopmentCertificateAuthority(validity: .days(2))
        directory = try TemporaryDirectory()
    }

    static func id(_ name: String) -> SPIFFEID {
        guard let id = SPIFFEID("spiffe://assay.example/ns/default/sa/\(name)") else {
            preconditionFailure("\(name) is no path segment")
        }
        return id
    }

    func identity(_ name: String, _ validity: CertificateValidity = .days(1)) throws -> TLSIdentity
    {
        try authority.issue(
            LeafCertificateRequest(
                commonName: name, spiffeID: Self.id(name), dnsNames: ["localhost"],
                ipAddresses: ["127.0.0.1"], validity: validity))
    }

    func files(_ name: String) throws -> CertificateStore.Files {
        let files = CertificateStore.Files(
            certificate: try directory.path("\(name).pem"), key: try directory.path("\(name).key"),
            trust: try directory.path("\(name)-ca.pem"))
        try authority.trust.write(file: files.trust ?? "")
        try replace(files, by: name)
        return files
    }

    /// Writes a new certificate into files that are there.
    func replace(_ files: CertificateStore.Files, by name: String) throws {
        try identity(name).write(certificateFile: files.certificate, keyFile: files.key)
    }

    func client(_ target: String, _ name: String, expect: String) throws -> RPCClient {
        let context = try TLSContext.client(
            trust: authority.trust, identity: try identity(name),
            expecting: .workloads([Self.id(expect)]))
        return try Self.client(target, context)
    }

    /// One loop has one connection: calls of one client share it.
    static func client(_ target: String, _ context: any TLSContextProvider) throws -> RPCClient {
        try RPCClient(target, tls: context, group: loop)
    }

    private static let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

/// A server with TLS on a free port, for one test.
struct MeshServer {
    let handshakes = Handshakes()
    private let server: RPCServer
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(_ context: any TLSContextProvider, http1: HTTP1Limits? = nil) async throws {
        var listener = RPCListener.tls(
            host: "127.0.0.1", port: 0, context: context, handshakes: handshakes)
        listener.http1 = http1
        server = RPCServer(listeners: [listener], services: [WhoAmI()], group: group)
        try await server.start()
    }

    var port: Int { server.port }
    var target: String { "127.0.0.1:\(server.port)" }

    func stop(_ clients: [RPCClient] = []) async throws {
        for client in clients { await client.close() }
        await server.shutdown(grace: .milliseconds(200))
        try await group.shutdownGracefully()
    }
}

extension RPCClient {
    /// Who the server says we are.
    func ask() async throws -> String {
        let reply: EchoMessage = try await unary(WhoAmI.ask, EchoMessage())
        return String(decoding: reply.payload, as: UTF8.self)
    }
}
