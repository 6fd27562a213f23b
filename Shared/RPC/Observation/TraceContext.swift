/// Where a call stands in a trace (W3C Trace Context, level 2): the trace, the span that is the parent
/// of what follows, and whether it is recorded.
public struct TraceContext: Sendable, Hashable {
    /// The first and the last eight bytes of the trace's id; not both are 0.
    public var traceHigh: UInt64
    public var traceLow: UInt64
    /// Not 0.
    public var spanID: UInt64
    /// Whether somebody upstream records this trace.
    public var isSampled: Bool
    /// The `tracestate` that is handed on as it came; empty if there is none.
    public var state: String

    public init(
        traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool, state: String = ""
    ) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// 32 hexadecimal digits.
    public var traceID: String {
        String(unsafeUninitializedCapacity: 32) { text in
            Self.write(traceHigh, to: text, at: 0)
            Self.write(traceLow, to: text, at: 16)
            return 32
        }
    }

    /// The value of `traceparent` for what is called from here.
    public var header: String {
        String(unsafeUninitializedCapacity: Self.headerBytes) { text in
            for index in [0, 1, 53] { text[index] = UInt8(ascii: "0") }
            for index in [2, 35, 52] { text[index] = UInt8(ascii: "-") }
            Self.write(traceHigh, to: text, at: 3)
            Self.write(traceLow, to: text, at: 19)
            Self.write(spanID, to: text, at: 36)
            text[54] = UInt8(ascii: isSampled ? "1" : "0")
            return Self.headerBytes
        }
    }

    /// Writes 16 hexadecimal digits.
    private static func write(
        _ value: UInt64, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index) & 15)
            text[start + index] =
                digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
        }
    }
}

// MARK: - Reading

extension TraceContext {
    /// A longer `tracestate` is dropped (W3C §3.3.1.5 asks for at least 512 to be handed on).
    static let maximumStateBytes = 512
    private static let headerBytes = 55

    /// Reads a `traceparent`; nil if anything is wrong with it, and then there is no parent. A later
    /// version is read as far as version 00 goes (W3C §3.2.4).
    public init?(traceparent bytes: some RandomAccessCollection<UInt8>) {
        guard bytes.count >= Self.headerBytes else { return nil }
        let text = Array(bytes.prefix(Self.headerBytes + 1))
        guard text[2] == 0x2D, text[35] == 0x2D, text[52] == 0x2D,
            let version = Self.number(text[0..<2]), version != 0xFF,
            let high = Self.number(text[3..<19]), let low = Self.number(text[19..<35]),
            let span = Self.number(text[36..<52]), let flags = Self.number(text[53..<55])
        else { return nil }
        if version == 0 ? bytes.count != Self.headerBytes : text.count > 55 && text[55] != 0x2D {
            return nil
        }
        guard high | low != 0, span != 0 else { return nil }
        self.init(traceHigh: high, traceLow: low, spanID: span, isSampled: flags & 1 != 0)
    }

    /// Reads `grpc-trace-bin`: version 0, then trace (0), span (1) and options (2), each behind its
    /// field number (OpenCensus BinaryEncoding). Nil if anything is wrong with it.
    public init?(binary bytes: [UInt8]) {
        guard bytes.count >= 29, bytes[0] == 0, bytes[1] == 0, bytes[18] == 1, bytes[27] == 2
        else { return nil }
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let (high, low, span) = (number(2..<10), number(10..<18), number(19..<27))
        guard high | low != 0, span != 0 else { return nil }
        self.init(
            traceHigh: high, traceLow: low, spanID: span, isSampled: bytes[28] & 1 != 0)
    }

    /// The context that a call brought: `traceparent` with `tracestate`, or `grpc-trace-bin` if it is
    /// the only one. Nil if there is none, or none that can be read.
    public init?(_ fields: Metadata) {
        if let parent = fields.firstField(AssayHeader.traceParent) {
            self.init(traceparent: fields.arena[parent.value])
            state = Self.state(fields)
        } else if let binary = fields.bytes(AssayHeader.traceBinary) {
            self.init(binary: binary)
        } else {
            return nil
        }
    }

    /// All `tracestate` fields as one list; empty if it is too long or holds what HTTP text does not.
    fileprivate static func state(_ fields: Metadata) -> String {
        let all = fields.values(AssayHeader.traceState).filter { !$0.isEmpty }
        let joined = all.joined(separator: ",")
        guard joined.utf8.count <= maximumStateBytes,
            joined.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 })
        else { return "" }
        return joined
    }

    /// Lower-case hexadecimal digits, 16 at most.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit - 0x57)
            default: return nil
            }
        }
        return value
    }
}

// MARK: - Writing

extension Metadata {
    /// Hands on the trace of a call that we do not record ourselves, if it can be read; what comes as
    /// `traceparent` goes on byte for byte.
    mutating func inheritTrace(of call: Metadata) {
        if let parent = call.firstField(AssayHeader.traceParent) {
            let text = call.arena[parent.value]
            guard TraceContext(traceparent: text) != nil else { return }
            append(name: AssayHeader.traceParent.utf8, value: text)
            let state = TraceContext.state(call)
            if !state.isEmpty { append(AssayHeader.traceState, state) }
        } else if let trace = TraceContext(call) {
            setTrace(trace)
        }
    }

    /// Replaces what these fields say of a trace.
    public mutating func setTrace(_ trace: TraceContext) {
        removeAll(AssayHeader.traceParent)
        removeAll(AssayHeader.traceState)
        removeAll(AssayHeader.traceBinary)
        append(name: AssayHeader.traceParent.utf8, value: trace.header.utf8)
        if !trace.state.isEmpty {
            append(name: AssayHeader.traceState.utf8, value: trace.state.utf8)
        }
    }
}
