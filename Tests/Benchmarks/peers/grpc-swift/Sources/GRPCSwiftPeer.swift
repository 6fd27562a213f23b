import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc

/// Serves `bench.v1.Echo` on a port that the system chooses; with a certificate and a key as
/// arguments, over TLS.
@main
struct GRPCSwiftPeer {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let security: HTTP2ServerTransport.Posix.TransportSecurity =
            arguments.count == 3
            ? .tls(
                certificateChain: [.file(path: arguments[1], format: .pem)],
                privateKey: .file(path: arguments[2], format: .pem))
            : .plaintext
        let transport = HTTP2ServerTransport.Posix(
            address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: security)
        let server = GRPCServer(transport: transport, services: [EchoService()])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            if let port = try await transport.listeningAddress.ipv4?.port {
                print("ready grpc-swift 2 rpc=\(port)")
                fflush(nil)
            }
            try await group.waitForAll()
        }
    }
}
