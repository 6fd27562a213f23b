internal import GoldenMessages
public import Wire

/// What must hold of one message type of the golden schemas, for any bytes and any limits.
///
/// Each check is true if the bytes were accepted; an error of the decoder is a right answer, a broken
/// property is thrown.
public struct MessageProperties: Sendable {
    public let name: String
    public let fields: FieldTable
    public let strict: @Sendable ([UInt8], DecodeLimits) throws(PropertyViolation) -> Bool
    public let tolerant: @Sendable ([UInt8], DecodeLimits) throws(PropertyViolation) -> Bool
    public let json: @Sendable ([UInt8], JSONLimits) throws(PropertyViolation) -> Bool
    /// Decodes and drops the value, for whoever measures what that costs.
    public let decode: @Sendable ([UInt8], Door, DecodeLimits) throws(WireError) -> Void
    public let decodeJSON: @Sendable ([UInt8], JSONLimits) throws(JSONError) -> Void
    /// Decodes, validates and writes, as a server does with a request; the size of what it wrote.
    public let process: @Sendable ([UInt8], Door, DecodeLimits) throws(WireError) -> Int
    /// The canonical bytes, and the JSON, of what the tolerant door makes of the bytes.
    public let canonical: @Sendable ([UInt8]) throws(WireError) -> (bytes: [UInt8], json: [UInt8])

    init<M: WireMessage>(_ type: M.Type) {
        name = M.fullName
        fields = M.fields
        strict = { bytes, limits throws(PropertyViolation) in
            try Agreement.check(M.self, bytes, .strict)
            return try StrictProperties<M>(bytes: bytes, limits: limits).check()
        }
        tolerant = { bytes, limits throws(PropertyViolation) in
            try Agreement.check(M.self, bytes, .tolerant)
            return try TolerantProperties<M>(bytes: bytes, limits: limits).check()
        }
        json = { bytes, limits throws(PropertyViolation) in
            try Agreement.check(M.self, json: bytes)
            return try JSONProperties<M>(bytes: bytes, limits: limits).check()
        }
        decode = { bytes, door, limits throws(WireError) in
            _ = try M(decoding: bytes, door: door, limits: limits)
        }
        decodeJSON = { bytes, limits throws(JSONError) in
            _ = try M(jsonBytes: bytes, limits: limits)
        }
        process = { bytes, door, limits throws(WireError) in
            let value = try M(decoding: bytes, door: door, limits: limits)
            return value.violations().count + value.encoded().count + value.json().count
        }
        canonical = { bytes throws(WireError) in
            let value = try M(decoding: bytes, door: .tolerant)
            return (value.encoded(), value.json())
        }
    }

    /// Inputs name a type by its index, so new types go to the end.
    public static let all = [
        MessageProperties(BankRiskV1.AssessRequest.self),
        MessageProperties(BankRiskV1.AssessResponse.self),
        MessageProperties(BankRiskV1.Value.self),
        MessageProperties(BankRiskV1.WatchRequest.self),
        MessageProperties(TestEverythingV1.Scalars.self),
        MessageProperties(TestEverythingV1.Optionals.self),
        MessageProperties(TestEverythingV1.Required.self),
        MessageProperties(TestEverythingV1.Lists.self),
        MessageProperties(TestEverythingV1.Maps.self),
        MessageProperties(TestEverythingV1.Choice.self),
        MessageProperties(TestEverythingV1.Oneofs.self),
        MessageProperties(TestEverythingV1.Names.self),
        MessageProperties(TestEverythingV1.Empty.self),
        MessageProperties(TestEverythingV1.Tree.self),
        MessageProperties(TestEverythingV1.Sealed.self),
        MessageProperties(Foreign.InferRequest.self),
    ]

    /// The properties of the type with this full name.
    public static func named(_ name: String) -> MessageProperties? {
        all.first { $0.name == name }
    }
}

/// Any error is an answer, if it can be shown and points into the input.
private func examine(_ error: WireError, _ bytes: [UInt8]) throws(PropertyViolation) {
    try require(
        "errors", (0...bytes.count).contains(error.offset) && !error.description.isEmpty,
        "\(error) for \(hex(bytes))")
    try require(
        "errors", error.path.isEmpty || error.path.hasPrefix("/"), "\(error.path): \(hex(bytes))")
}

/// What must hold of any value, wherever it came from.
private func examine<M: WireMessage>(_ value: M) throws(PropertyViolation) {
    let bytes = value.encoded()
    let strict = try demand("P2", "the strict door, \(hex(bytes))") { () throws(WireError) in
        try M(decoding: bytes, door: .strict)
    }
    try require("P2", strict == value && strict.encoded() == bytes, hex(bytes))
    try require("P8", strict.hashValue == value.hashValue, hex(bytes))
    let tolerant = try demand("P2", "the tolerant door, \(hex(bytes))") { () throws(WireError) in
        try M(decoding: bytes, door: .tolerant)
    }
    try require("P2", tolerant == value && tolerant.encoded() == bytes, hex(bytes))
    let framed = value.encoded(prefix: 5)
    try require(
        "P2", framed.count == bytes.count + 5 && framed[5...].elementsEqual(bytes), hex(bytes))
    try require("redaction", !value.description.isEmpty, hex(bytes))
    try require("validation", value.violations().count <= 20, hex(bytes))
}

private struct StrictProperties<M: WireMessage> {
    let bytes: [UInt8]
    let limits: DecodeLimits

    func check() throws(PropertyViolation) -> Bool {
        let value: M
        do {
            value = try M(decoding: bytes, door: .strict, limits: limits)
        } catch {
            try examine(error, bytes)
            return false
        }
        try require("P1", value.encoded() == bytes, hex(bytes))
        // Canonical bytes cost the same behind both doors.
        let tolerant = try demand("P1", "the tolerant door, \(hex(bytes))") {
            () throws(WireError) in
            try M(decoding: bytes, door: .tolerant, limits: limits)
        }
        try require("P1", tolerant == value, hex(bytes))
        try examine(value)
        return true
    }
}

private struct TolerantProperties<M: WireMessage> {
    let bytes: [UInt8]
    let limits: DecodeLimits

    func check() throws(PropertyViolation) -> Bool {
        let value: M
        do {
            value = try M(decoding: bytes, door: .tolerant, limits: limits)
        } catch {
            try examine(error, bytes)
            return false
        }
        // P3, and that of two different encodings the strict door takes only one. With the ordinary limits: it
        // may meet a limit in a record that the tolerant door has dropped.
        try examine(value)
        let strict: M
        do {
            strict = try M(decoding: bytes, door: .strict)
        } catch {
            let isLayout = error.category == .malformed
            try require("P3", isLayout && value.encoded() != bytes, "\(error): \(hex(bytes))")
            return true
        }
        try require("P3", strict == value, hex(bytes))
        return true
    }
}

private struct JSONProperties<M: WireMessage> {
    let bytes: [UInt8]
    let limits: JSONLimits

    private var text: String { String(decoding: bytes, as: UTF8.self) }

    func check() throws(PropertyViolation) -> Bool {
        let value: M
        do {
            value = try M(jsonBytes: bytes, limits: limits)
        } catch {
            try require(
                "errors", (0...bytes.count).contains(error.offset) && !error.description.isEmpty,
                "\(error): \(text)")
            return false
        }
        try examine(value)
        let json = value.json()
        let again = try demand("P7", "its own JSON, \(text)") { () throws(JSONError) in
            try M(jsonBytes: json)
        }
        try require("P7", again == value && again.json() == json, text)
        return true
    }
}
