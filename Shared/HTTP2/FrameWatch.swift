/// Looks at the head of every frame before the library reads it, for the rules of RFC 9113 that the
/// library leaves alone: it drops silently what comes for a stream it has forgotten, and PRIORITY
/// frames altogether.
///
/// Only what the peer itself has done is held against it. Frames for a stream that we reset may have
/// been on their way; they are discarded, as §5.1 says.
struct FrameWatch {
    /// A frame that may break a rule; the session knows more.
    enum Suspicion {
        /// DATA or HEADERS on a stream that the peer has ended (§5.1, "half-closed (remote)" and
        /// "closed").
        case ended(Int32)
        /// DATA or HEADERS on a stream that the peer has reset.
        case reset(Int32)
        /// HEADERS with a number below one that was used already (§5.1.1).
        case skipped(Int32)
        /// PRIORITY on the connection (§6.3).
        case priorityOfConnection
    }

    private static let headBytes = 9
    private static let prefaceBytes = 24
    private static let wasReset: UInt32 = 1 << 31
    private static let maximumGaps = 8

    private let role: HTTP2Session.Role
    /// Bytes before the next head.
    private var rest: Int
    /// A head that came in pieces.
    private var head: InlineArray<9, UInt8> = .init(repeating: 0)
    private var headCount = 0
    /// The last streams that the peer has ended or reset, each at the place of its number.
    private var over: InlineArray<64, UInt32> = .init(repeating: 0)
    private var highest: Int32 = -1
    /// Numbers that the peer left out: streams that are closed since (§5.1.1).
    private var gaps: [ClosedRange<Int32>] = []

    init(role: HTTP2Session.Role) {
        self.role = role
        rest = role == .server ? Self.prefaceBytes : 0
    }

    /// Walks on through `bytes` from `position` to the next suspicious frame; nil if there is none.
    /// `position` is then behind the frame's head, and `start` where the frame begins.
    mutating func next(
        in bytes: UnsafeRawBufferPointer, at position: inout Int, start: inout Int
    ) -> Suspicion? {
        while true {
            let skipped = min(rest, bytes.count - position)
            rest -= skipped
            position += skipped
            if position == bytes.count { return nil }
            start = position
            let suspicion: Suspicion?
            if headCount == 0, bytes.count - position >= Self.headBytes {
                let first = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                let last = bytes[position + 8]
                position += Self.headBytes
                suspicion = inspect(UInt64(bigEndian: first), last)
            } else {
                while headCount < Self.headBytes {
                    if position == bytes.count { return nil }
                    head[headCount] = bytes[position]
                    headCount += 1
                    position += 1
                }
                headCount = 0
                var first: UInt64 = 0
                for index in 0..<8 { first = first << 8 | UInt64(head[index]) }
                suspicion = inspect(first, head[8])
            }
            if let suspicion { return suspicion }
        }
    }

    /// Length (24 bits), type (8), flags (8) and stream (31 bits and a reserved one).
    private mutating func inspect(_ first: UInt64, _ last: UInt8) -> Suspicion? {
        rest = Int(first >> 40)
        let id = UInt32(truncatingIfNeeded: first << 8 | UInt64(last)) & 0x7FFF_FFFF
        switch UInt8(truncatingIfNeeded: first >> 32) {
        case 0, 1:
            let isHeaders = first >> 32 & 1 == 1
            let endsStream = first >> 24 & 1 == 1
            return carried(id, isHeaders: isHeaders, endsStream: endsStream)
        case 2: return id == 0 ? .priorityOfConnection : nil
        case 3:
            over[Self.slot(id)] = id | Self.wasReset
            return nil
        default: return nil
        }
    }

    private static func slot(_ id: UInt32) -> Int { Int(id >> 1 & 63) }

    private mutating func carried(
        _ id: UInt32, isHeaders: Bool, endsStream: Bool
    ) -> Suspicion? {
        let slot = Self.slot(id)
        let known = over[slot]
        if known & ~Self.wasReset == id, id > 0 {
            let stream = Int32(bitPattern: id)
            return known & Self.wasReset == 0 ? .ended(stream) : .reset(stream)
        }
        if endsStream { over[slot] = id }
        return isHeaders && role == .server ? opened(Int32(bitPattern: id)) : nil
    }

    /// HEADERS of a client: a new stream, or more of an old one.
    private mutating func opened(_ id: Int32) -> Suspicion? {
        if id & 1 == 0 { return nil }
        if id > highest {
            if id > highest + 2 {
                if gaps.count == Self.maximumGaps { gaps.removeFirst() }
                gaps.append(highest + 2...id - 2)
            }
            highest = id
            return nil
        }
        return gaps.contains { $0.contains(id) } ? .skipped(id) : nil
    }
}
