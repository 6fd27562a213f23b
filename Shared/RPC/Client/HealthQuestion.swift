/// What a client asks a server's health service, and what it is told (`grpc.health.v1`, gRFC A17).
///
/// Written by hand: `AssayMessages`, where the generated messages are, stands above this module.
package enum HealthQuestion {
    package static let path = "/grpc.health.v1.Health/Watch"

    /// A `HealthCheckRequest` behind its prefix.
    package static func request(for service: String) -> [UInt8] {
        var message = ProtobufFields()
        message.append(1, service)
        var framed = [UInt8](repeating: 0, count: MessagePrefix.count) + message.bytes
        MessagePrefix.write(into: &framed)
        return framed
    }

    /// Whether a `HealthCheckResponse` behind its prefix says SERVING.
    package static func isServing(_ framed: [UInt8]) -> Bool {
        let fields = ProtobufFields.read(framed.dropFirst(MessagePrefix.count))
        return fields?.last { $0.number == 1 }?.varint == 1
    }
}

/// The pause before a lost health watch is opened again: 1 s, growing by 1.6, at most 120 s, ± 20 %
/// (gRFC A17).
package struct HealthBackoff: Sendable {
    private var failures = 0

    package init() {}

    package mutating func succeeded() { failures = 0 }

    /// - Parameter jitter: 0.8 to 1.2.
    package mutating func failed(jitter: Double) -> Duration {
        failures += 1
        var pause = 1.0
        for _ in 1..<min(failures, 20) { pause *= 1.6 }
        return .seconds(min(pause, 120) * jitter)
    }
}
