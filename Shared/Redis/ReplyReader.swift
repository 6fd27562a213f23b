internal import CHiredis

/// Bytes of a connection in, replies out: hiredis' reader with our limits and our values.
///
/// Not for use by two threads at once. After an error it must not be used again.
public final class ReplyReader {
    public struct Limits: Sendable, Hashable {
        /// Bytes of one reply, headers included.
        public var replyBytes = 1 << 20
        /// Elements of one reply, those of nested arrays included.
        public var replyElements = 1024

        public init() {}
    }

    /// hiredis moves what is left of its buffer after each reply; small portions keep that cheap.
    private static let feedBytes = 16_384

    private let reader: UnsafeMutablePointer<redisReader>
    private let budget: ReplyBudget
    private let limits: Limits
    /// Fed since the end of the last complete reply.
    private var unfinishedBytes = 0

    public init(limits: Limits = Limits()) {
        guard let reader = redisReaderCreateWithFunctions(ReplyNode.functions) else {
            preconditionFailure("out of memory")
        }
        self.reader = reader
        self.limits = limits
        budget = ReplyBudget(maximumElements: limits.replyElements)
        // The reader hands this to each callback; it lives as long as this object does.
        reader.pointee.privdata = Unmanaged.passUnretained(budget).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Takes bytes and calls `body` with each reply they complete.
    public func read(
        _ bytes: UnsafeRawBufferPointer, _ body: (RedisValue) -> Void
    ) throws(RedisError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let portion = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.feedBytes))
            rest = rest.dropFirst(portion.count)
            try feed(portion)
            while let reply = try next() { body(reply) }
            guard unfinishedBytes <= limits.replyBytes else {
                throw RedisError(
                    .protocolViolation, "a reply is larger than \(limits.replyBytes) bytes")
            }
        }
    }

    private func feed(_ portion: UnsafeRawBufferPointer) throws(RedisError) {
        let characters = portion.assumingMemoryBound(to: CChar.self)
        guard redisReaderFeed(reader, characters.baseAddress, characters.count) == REDIS_OK else {
            throw failure()
        }
        unfinishedBytes += portion.count
    }

    private func next() throws(RedisError) -> RedisValue? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure() }
        guard let object else { return nil }
        budget.reset()
        unfinishedBytes = Int(reader.pointee.len) - Int(reader.pointee.pos)
        return Unmanaged<ReplyNode>.fromOpaque(object).takeRetainedValue().value
    }

    private func failure() -> RedisError {
        if budget.isExceeded {
            return RedisError(
                .protocolViolation, "a reply has more than \(limits.replyElements) elements")
        }
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisError(.protocolViolation, text)
    }
}
