import ArgumentParser
import Foundation
import InteropCases
import RPCTransport
import TLS

/// The server of gRPC's interoperability tests, with the flags that those of other languages have.
@main
struct RPCInteropServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-interop-server",
        abstract: "Serves grpc.testing, for the interop clients of any gRPC implementation.")

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port = 0

    @Flag(name: .customLong("use_tls"), help: "Speaks TLS.")
    var useTLS = false

    @Option(name: .customLong("tls_cert_file"), help: "Certificate chain in PEM.")
    var certificateFile: String?

    @Option(name: .customLong("tls_key_file"), help: "Key of the certificate, in PEM.")
    var keyFile: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("there is no port \(port)") }
        guard !useTLS || (certificateFile != nil && keyFile != nil) else {
            throw ValidationError("--use_tls needs --tls_cert_file and --tls_key_file")
        }
    }

    func run() async throws {
        let server = RPCServer.interop(
            listener: RPCListener(host: host, port: port, tls: try context()))
        try await server.start()
        let line = "ready \(server.port)\n"
        try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
        try await server.run()
    }

    private func context() throws -> TLSContext? {
        guard useTLS, let certificateFile, let keyFile else { return nil }
        return try .server(
            identity: try TLSIdentity(certificateFile: certificateFile, keyFile: keyFile))
    }
}
