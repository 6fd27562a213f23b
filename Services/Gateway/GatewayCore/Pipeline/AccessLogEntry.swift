public import RPC

/// What is written about a request: one line of JSON, without secrets, bodies or the values of
/// fields that we do not know.
public struct AccessLogEntry: Sendable {
    public var received = Instant(nanoseconds: 0)
    public var ended = Instant(nanoseconds: 0)
    public var requestID = ""
    public var peer = ""
    public var face = ContentType.other
    /// A path of the route table; empty if the caller asked for something else.
    public var method = ""
    public var tenant = ""
    public var client = ""
    public var keyID = ""
    public var status = StatusCode.ok
    public var http = 0
    /// Where and why it was refused; empty if it was not.
    public var stage: RequestPipeline.Stage?
    public var reason = ""
    /// What exactly was wrong with a credential or a service; for us, not for the caller.
    public var detail = ""
    public var bytesIn = 0
    public var bytesOut = 0
    public var droppedFields = 0

    public init() {}

    /// Appends the line, newline included.
    public func write(to output: inout [UInt8], unixMilliseconds: Int64) {
        output.append(contentsOf: "{\"ts_ms\":".utf8)
        output.append(contentsOf: String(unixMilliseconds).utf8)
        Self.field("request_id", requestID, to: &output)
        Self.field("peer", peer, to: &output)
        Self.field("face", face.name.description, to: &output)
        Self.field("method", method.isEmpty ? "unknown" : method, to: &output)
        if !keyID.isEmpty {
            Self.field("tenant", tenant, to: &output)
            Self.field("client", client, to: &output)
            Self.field("key_id", keyID, to: &output)
        }
        Self.field("status", status.description, to: &output)
        Self.number("http", http, to: &output)
        if let stage { Self.field("stage", stage.rawValue, to: &output) }
        if !reason.isEmpty { Self.field("reason", reason, to: &output) }
        if !detail.isEmpty { Self.field("detail", detail, to: &output) }
        let duration = (ended - received).components
        let microseconds = duration.seconds * 1_000_000 + duration.attoseconds / 1_000_000_000_000
        Self.number("duration_us", Int(max(0, microseconds)), to: &output)
        Self.number("bytes_in", bytesIn, to: &output)
        Self.number("bytes_out", bytesOut, to: &output)
        if droppedFields > 0 { Self.number("dropped_fields", droppedFields, to: &output) }
        output.append(contentsOf: "}\n".utf8)
    }

    private static func number(_ name: StaticString, _ value: Int, to output: inout [UInt8]) {
        key(name, to: &output)
        output.append(contentsOf: String(value).utf8)
    }

    private static func field(_ name: StaticString, _ value: String, to output: inout [UInt8]) {
        key(name, to: &output)
        output.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0..<0x20, 0x7F:
                // A line break in a value must not look like the start of another entry.
                output.append(contentsOf: "\\u00".utf8)
                output.append(contentsOf: String(byte >> 4, radix: 16).utf8)
                output.append(contentsOf: String(byte & 15, radix: 16).utf8)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func key(_ name: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: ",\"".utf8)
        output.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        output.append(contentsOf: "\":".utf8)
    }
}
