/// One HTTP/2 frame as it stands on the wire (RFC 9113 §4.1), right or wrong: nothing is checked.
public struct Frame: Sendable, Hashable {
    /// The types of RFC 9113 §6; any other number is a frame that nobody knows.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let data = Kind(rawValue: 0)
        public static let headers = Kind(rawValue: 1)
        public static let priority = Kind(rawValue: 2)
        public static let reset = Kind(rawValue: 3)
        public static let settings = Kind(rawValue: 4)
        public static let pushPromise = Kind(rawValue: 5)
        public static let ping = Kind(rawValue: 6)
        public static let goAway = Kind(rawValue: 7)
        public static let windowUpdate = Kind(rawValue: 8)
        public static let continuation = Kind(rawValue: 9)
    }

    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let endStream = Flags(rawValue: 0x1)
        public static let acknowledgement = Flags(rawValue: 0x1)
        public static let endHeaders = Flags(rawValue: 0x4)
        public static let padded = Flags(rawValue: 0x8)
        public static let priority = Flags(rawValue: 0x20)
    }

    public var kind: Kind
    public var flags: Flags
    /// All 32 bits: the first one is reserved.
    public var stream: UInt32
    public var payload: [UInt8]
    /// What the block says that a received frame completes.
    public internal(set) var fields: [Field] = []

    public init(_ kind: Kind, _ flags: Flags = [], stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    public var bytes: [UInt8] {
        let length = UInt32(payload.count)
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)]
            + [kind.rawValue, flags.rawValue] + stream.bigEndianBytes + payload
    }

    public func has(_ flag: Flags) -> Bool { flags.contains(flag) }

    /// A big-endian number of the payload; zero if it is too short for it.
    public func number(at offset: Int) -> UInt32 {
        guard payload.count >= offset + 4 else { return 0 }
        return payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// The frames of an honest peer; a test bends them from here.
extension Frame {
    public static func data(_ stream: UInt32, _ payload: [UInt8], ends: Bool = false) -> Frame {
        Frame(.data, ends ? .endStream : [], stream: stream, payload)
    }

    public static func headers(
        _ stream: UInt32, _ block: [UInt8], ends: Bool = false, isWhole: Bool = true
    ) -> Frame {
        var flags: Flags = ends ? .endStream : []
        if isWhole { flags.insert(.endHeaders) }
        return Frame(.headers, flags, stream: stream, block)
    }

    public static func continuation(
        _ stream: UInt32, _ block: [UInt8], isLast: Bool = true
    ) -> Frame {
        Frame(.continuation, isLast ? .endHeaders : [], stream: stream, block)
    }

    /// - Parameter weight: as it is written: one less than it means.
    public static func priority(
        _ stream: UInt32, on other: UInt32 = 0, isExclusive: Bool = false, weight: UInt8 = 15
    ) -> Frame {
        Frame(
            .priority, stream: stream,
            priorityFields(on: other, isExclusive: isExclusive, weight: weight))
    }

    /// The five bytes that PRIORITY consists of, and that HEADERS may begin with.
    public static func priorityFields(
        on other: UInt32, isExclusive: Bool = false, weight: UInt8 = 15
    ) -> [UInt8] {
        (other | (isExclusive ? 1 << 31 : 0)).bigEndianBytes + [weight]
    }

    public static func reset(_ stream: UInt32, _ code: ErrorCode) -> Frame {
        Frame(.reset, stream: stream, code.rawValue.bigEndianBytes)
    }

    public static func settings(_ values: (Setting, UInt32)...) -> Frame {
        Frame(
            .settings,
            values.flatMap { setting, value in
                [UInt8(setting.rawValue >> 8), UInt8(setting.rawValue & 255)]
                    + value.bigEndianBytes
            })
    }

    public init(_ kind: Kind, _ payload: [UInt8]) {
        self.init(kind, [], stream: 0, payload)
    }

    public static let settingsAcknowledgement = Frame(.settings, .acknowledgement)

    public static func ping(_ payload: [UInt8], isAnswer: Bool = false) -> Frame {
        Frame(.ping, isAnswer ? .acknowledgement : [], stream: 0, payload)
    }

    public static func goAway(last: UInt32, _ code: ErrorCode, debug: String = "") -> Frame {
        Frame(.goAway, last.bigEndianBytes + code.rawValue.bigEndianBytes + Array(debug.utf8))
    }

    public static func windowUpdate(_ stream: UInt32, by increment: UInt32) -> Frame {
        Frame(.windowUpdate, stream: stream, increment.bigEndianBytes)
    }

    /// The same frame with padding behind its payload (RFC 9113 §6.1, §6.2).
    public func padded(by count: UInt8) -> Frame {
        Frame(
            kind, flags.union(.padded), stream: stream,
            [count] + payload + Array(repeating: 0, count: Int(count)))
    }
}

/// The settings of RFC 9113 §6.5.2.
public struct Setting: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let headerTableSize = Setting(rawValue: 1)
    public static let enablePush = Setting(rawValue: 2)
    public static let maximumConcurrentStreams = Setting(rawValue: 3)
    public static let initialWindowSize = Setting(rawValue: 4)
    public static let maximumFrameSize = Setting(rawValue: 5)
    public static let maximumHeaderListSize = Setting(rawValue: 6)
}

/// The error codes of RFC 9113 §7.
public struct ErrorCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let noError = ErrorCode(rawValue: 0)
    public static let protocolError = ErrorCode(rawValue: 1)
    public static let internalError = ErrorCode(rawValue: 2)
    public static let flowControlError = ErrorCode(rawValue: 3)
    public static let settingsTimeout = ErrorCode(rawValue: 4)
    public static let streamClosed = ErrorCode(rawValue: 5)
    public static let frameSizeError = ErrorCode(rawValue: 6)
    public static let refusedStream = ErrorCode(rawValue: 7)
    public static let cancel = ErrorCode(rawValue: 8)
    public static let compressionError = ErrorCode(rawValue: 9)
    public static let connectError = ErrorCode(rawValue: 10)
    public static let enhanceYourCalm = ErrorCode(rawValue: 11)
    public static let inadequateSecurity = ErrorCode(rawValue: 12)

    private static let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
        "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
        "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY",
    ]

    public var description: String {
        rawValue < Self.names.count ? Self.names[Int(rawValue)] : "error \(rawValue)"
    }
}

extension Frame: CustomStringConvertible {
    private static let names = [
        "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
        "WINDOW_UPDATE", "CONTINUATION",
    ]

    public var description: String {
        let name =
            kind.rawValue < Self.names.count
            ? Self.names[Int(kind.rawValue)] : "frame \(kind.rawValue)"
        let code: String =
            switch kind {
            case .reset: " \(ErrorCode(rawValue: number(at: 0)))"
            case .goAway:
                " \(ErrorCode(rawValue: number(at: 4))) "
                    + String(decoding: payload.dropFirst(8), as: UTF8.self)
            default: ""
            }
        return "\(name)\(code) on \(stream), flags \(flags.rawValue), \(payload.count) bytes"
    }
}

extension UInt32 {
    /// Network byte order.
    public var bigEndianBytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
