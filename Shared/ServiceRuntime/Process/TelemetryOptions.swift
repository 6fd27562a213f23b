public import ArgumentParser

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a process writes down of its calls, and where its traces go.
public struct TelemetryOptions: ParsableArguments, Sendable {
    @Option(
        help:
            "Collector of traces (OTLP over gRPC): host:port; https://host:port for TLS. None if absent."
    )
    public var traceEndpoint: String?

    @Option(
        help: "Share of the calls without a caller's trace that begin one: 0 to 1; else 0.01.")
    public var traceSampling: Double?

    @Option(help: "One of so many calls that go well has a line in the log; 0 for none.")
    public var logOneIn = 100

    @Option(help: "A call that takes longer has a line in the log in any case, in milliseconds.")
    public var slowCall = 1_000

    @Option(help: "Lines about calls per second, at most; the rest is counted.")
    public var logLines = 50

    public init() {}

    public func validate() throws {
        guard traceSampling.map((0...1).contains) ?? true else {
            throw ValidationError("--trace-sampling must be 0 to 1")
        }
        guard logOneIn >= 0, (0...1_000_000).contains(logLines) else {
            throw ValidationError("--log-one-in and --log-lines must not be negative")
        }
        guard (1...3_600_000).contains(slowCall) else {
            throw ValidationError("--slow-call must be 1 to 3600000 milliseconds")
        }
    }

    /// Where traces go: as the command line says, or else OpenTelemetry's own variable.
    public var collector: String? {
        traceEndpoint ?? Self.variable("OTEL_EXPORTER_OTLP_ENDPOINT")
    }

    /// How many traces begin here: as the command line says, or else OpenTelemetry's own variable.
    public var rootSampling: Double {
        let share = traceSampling ?? Self.variable("OTEL_TRACES_SAMPLER_ARG").flatMap(Double.init)
        return share.map { min(max($0, 0), 1) } ?? 0.01
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The same as words of a command line.
    public var arguments: [String] {
        var words = [
            "--log-one-in", "\(logOneIn)",
            "--slow-call", "\(slowCall)", "--log-lines", "\(logLines)",
        ]
        if let traceSampling { words += ["--trace-sampling", "\(traceSampling)"] }
        if let traceEndpoint { words += ["--trace-endpoint", traceEndpoint] }
        return words
    }
}
