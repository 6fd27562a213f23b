public import ArgumentParser
public import Logging
public import TLS

/// What every service's command line has. Ports and further options are the service's own.
///
/// ```swift
/// @OptionGroup var service: ServiceOptions
/// ```
public struct ServiceOptions: ParsableArguments {
    @Option(help: "HOST:PORT to serve calls on; port 0 lets the system choose.")
    public var listen: ListenAddress?

    @Option(help: "HOST:PORT of the admin port (/livez, /readyz, /metrics).")
    public var admin: ListenAddress?

    @Option(help: "Directory of the service's own state.")
    public var data: String?

    @Option(help: "PEM file with this service's certificate chain.")
    public var tlsCertificate: String?

    @Option(help: "PEM file with the key of the certificate.")
    public var tlsKey: String?

    @Option(help: "PEM file with the authorities of the mesh.")
    public var tlsTrust: String?

    @Flag(help: "Serve without TLS, on a loopback address only.")
    public var insecure = false

    @Flag(help: "Serve without TLS on any address: for networks that encrypt by themselves.")
    public var insecureEverywhere = false

    @Flag(help: "Show the schemas of what is served by gRPC server reflection.")
    public var reflection = false

    @OptionGroup public var telemetry: TelemetryOptions

    @Option(help: "Least severe level that is logged.")
    public var logLevel = Logger.Level.info

    @Option(
        help: "Seconds after SIGTERM in which all is served, while load balancers learn of the end."
    )
    public var endpointDelay = 8

    @Option(help: "Seconds that calls in flight get to finish afterwards.")
    public var grace = 30

    public init() {}

    public func validate() throws {
        guard (0...3600).contains(grace) else {
            throw ValidationError("--grace must be 0 to 3600 seconds")
        }
        guard (0...300).contains(endpointDelay) else {
            throw ValidationError("--endpoint-delay must be 0 to 300 seconds")
        }
        if insecureEverywhere { return }
        if insecure {
            if let listen, !listen.isLoopback {
                throw ValidationError("--insecure serves on a loopback address only, not \(listen)")
            }
            return
        }
        guard tlsCertificate != nil, tlsKey != nil, tlsTrust != nil else {
            throw ValidationError(
                "--tls-certificate, --tls-key and --tls-trust are needed (or --insecure)")
        }
    }

    /// The files by which the service takes part in the mesh, or nil when it runs without TLS.
    public var certificateFiles: CertificateStore.Files? {
        guard !isInsecure, let tlsCertificate, let tlsKey, let tlsTrust else { return nil }
        return CertificateStore.Files(certificate: tlsCertificate, key: tlsKey, trust: tlsTrust)
    }

    /// Whether the service runs without TLS.
    public var isInsecure: Bool { insecure || insecureEverywhere }

    /// The data directory; a service that needs one calls this.
    public func requireData() throws -> String {
        guard let data else { throw ValidationError("--data is needed") }
        return data
    }
}

// Neither package will depend on the other; every service wants the levels by their own names.
// swift-format-ignore: AvoidRetroactiveConformances
extension Logger.Level: @retroactive ExpressibleByArgument {}
