/// Cuts the bytes of a stream into messages, wherever DATA was cut, and says how much of them may be
/// consumed: the first message that nobody has taken yet. What is behind it stays unconsumed, so the
/// peer's window closes when nobody reads, and a message larger than the window still arrives.
package struct StreamDeframer: Sendable {
    private var buffer: [UInt8] = []
    /// Where the first message begins that was not taken.
    private var start = 0
    /// The end of what may be consumed; never before `start`.
    private var consumed = 0
    /// Bytes before `consumed` that `takeCredit` has not told of.
    private var credit = 0
    /// Messages that were taken.
    private var taken = 0
    private let limit: Int
    /// How messages may be packed.
    var encoding: MessageEncoding

    /// A buffer that grew beyond this is not kept when it is empty.
    private static let maximumKept = 64 << 10
    /// A message from this size on is handed over with the buffer instead of being copied.
    private static let minimumHandedOver = 16 << 10

    /// - Parameter limit: the most bytes that a message may have, without its prefix.
    package init(limit: Int, encoding: MessageEncoding = .identity) {
        self.limit = limit
        self.encoding = encoding
    }

    /// Bytes that came and were not taken.
    package var buffered: Int { buffer.count - start }
    /// Bytes that came and that `takeCredit` has not told of.
    package var unconsumed: Int { buffer.count - consumed + credit }

    package mutating func append(_ data: UnsafeRawBufferPointer) {
        buffer.append(contentsOf: data)
    }

    /// Whether `next` has something to say: a whole message, or what is wrong with one.
    package var isReady: Bool {
        if buffered == 0 { return false }
        let flag = buffer[start]
        if flag != 0, flag != 1 || encoding == .identity { return true }
        guard let prefix = firstPrefix else { return false }
        return prefix.length > limit || buffered >= MessagePrefix.count + prefix.length
    }

    /// The first message as long as it is not complete: its number, and how much of it has come.
    package var unfinished: (message: Int, bytes: Int)? {
        buffered > 0 && !isReady ? (taken, buffered) : nil
    }

    /// Takes the first message, with its prefix and as it was packed; nil if it is not complete.
    package mutating func next() throws(FramingFault) -> [UInt8]? {
        if buffered > 0 { try MessageDeframer.check(flag: buffer[start], encoding) }
        guard let prefix = firstPrefix else { return nil }
        if prefix.length > limit { throw .tooLarge(prefix.length) }
        let end = start + MessagePrefix.count + prefix.length
        guard buffer.count >= end else { return nil }
        consume(to: end)
        taken += 1
        if start == 0, end == buffer.count, end >= Self.minimumHandedOver {
            defer { (buffer, consumed) = ([], 0) }
            return buffer
        }
        let message = Array(buffer[start..<end])
        start = end
        compact()
        return message
    }

    /// Bytes that may be consumed now and were not counted before.
    package mutating func takeCredit() -> Int {
        var end = start + MessagePrefix.count
        if let prefix = firstPrefix, prefix.length <= limit { end += prefix.length }
        consume(to: min(end, buffer.count))
        defer { credit = 0 }
        return credit
    }

    /// Counts all that came as consumed, and tells how much of it was not told before.
    package mutating func consumeAll() -> Int {
        consume(to: buffer.count)
        defer { credit = 0 }
        return credit
    }

    private mutating func consume(to end: Int) {
        if end <= consumed { return }
        credit += end - consumed
        consumed = end
    }

    /// Forgets everything.
    package mutating func removeAll() {
        (buffer, start, consumed, credit) = ([], 0, 0, 0)
    }

    private var firstPrefix: (flag: UInt8, length: Int)? {
        buffer.withUnsafeBytes {
            MessagePrefix.read(UnsafeRawBufferPointer(rebasing: $0[start...]))
        }
    }

    /// Drops what was taken once it is most of the buffer, so that moving the rest stays cheap.
    private mutating func compact() {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.maximumKept)
        } else if start >= Self.maximumKept, start >= buffer.count / 2 {
            buffer.removeSubrange(..<start)
        } else {
            return
        }
        consumed -= start
        start = 0
    }
}
