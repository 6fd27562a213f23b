public import RPCTransport
public import TLS

extension ServiceEnvironment {
    /// Where a service of the mesh takes calls: with its certificates for the callers that are named;
    /// in the clear if it has none, and then on loopback unless the options say everywhere.
    ///
    /// - Parameter port: on loopback, if the options name no address.
    public func listener(
        _ options: ServiceOptions, port: Int, accepting callers: [SPIFFEID]
    ) throws -> RPCListener {
        let address = options.listen ?? ListenAddress(host: "127.0.0.1", port: port)
        guard let certificates else {
            return .plaintext(
                host: address.host, port: address.port,
                insecure: options.insecureEverywhere ? .everywhere : .loopback)
        }
        return .tls(
            host: address.host, port: address.port,
            context: try certificates.serverContext(accepting: callers), handshakes: handshakes)
    }
}
