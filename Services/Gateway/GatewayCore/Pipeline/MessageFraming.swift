internal import RPC

/// What may be known of a body without reading its messages: on the gRPC face the length of each
/// stands before it, on the JSON face there is one.
///
/// Bytes come cut anywhere; each prefix is judged when its last byte has come, before what follows it.
struct MessageFraming {
    /// What one direction of a call may carry.
    struct Limits {
        /// Of one message, without its prefix; on the JSON face of the body.
        var messageBytes: Int
        var messages: Int
        /// Of all messages with their prefixes.
        var bytes = Int.max
    }

    private let limits: Limits
    private let isFramed: Bool
    /// What has come of a prefix that is not complete.
    private var prefix: [UInt8] = []
    /// Of the message under way, still to come.
    private var left = 0
    /// Of the message under way, come already.
    private var ofCurrent = 0
    /// Messages that have begun.
    private(set) var messages = 0
    private(set) var bytes = 0

    init(_ limits: Limits, isFramed: Bool) {
        self.limits = limits
        self.isFramed = isFramed
    }

    /// The message that has begun and is not complete.
    var unfinished: (message: Int, bytes: Int)? {
        if !isFramed { return bytes > 0 ? (0, bytes) : nil }
        return left > 0 || !prefix.isEmpty ? (messages, ofCurrent + prefix.count) : nil
    }

    /// Counts a piece of the body; returns why the body is not acceptable.
    mutating func take(_ piece: UnsafeRawBufferPointer) -> RPCError? {
        bytes += piece.count
        if bytes > limits.bytes {
            return RPCError(
                .resourceExhausted, "more than \(limits.bytes) bytes in one stream",
                reason: "STREAM_TOO_LARGE")
        }
        guard isFramed else {
            return bytes > limits.messageBytes
                ? FramingFault.tooLarge(bytes).error(limit: limits.messageBytes) : nil
        }
        var rest = piece
        while !rest.isEmpty {
            if left > 0 {
                let count = min(left, rest.count)
                left -= count
                ofCurrent += count
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if let error = takePrefix(&rest) {
                return error
            }
        }
        return nil
    }

    private mutating func takePrefix(_ rest: inout UnsafeRawBufferPointer) -> RPCError? {
        let found: (flag: UInt8, length: Int)?
        let count: Int
        if prefix.isEmpty, let whole = MessagePrefix.read(rest) {
            (found, count) = (whole, MessagePrefix.count)
        } else {
            count = min(MessagePrefix.count - prefix.count, rest.count)
            prefix += rest[..<count]
            found = prefix.withUnsafeBytes { MessagePrefix.read($0) }
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        let flag = found?.flag ?? prefix[0]
        if flag > 1 { return FramingFault.badFlag(flag).error(limit: limits.messageBytes) }
        guard let found else { return nil }
        prefix.removeAll(keepingCapacity: true)
        if found.length > limits.messageBytes {
            return FramingFault.tooLarge(found.length).error(limit: limits.messageBytes)
        }
        messages += 1
        (left, ofCurrent) = (found.length, 0)
        return messages > limits.messages ? tooMany : nil
    }

    private var tooMany: RPCError {
        if limits.messages == 1 { return FramingFault.severalMessages.error(limit: 0) }
        return RPCError(
            .resourceExhausted, "more than \(limits.messages) messages in one stream",
            reason: "TOO_MANY_MESSAGES")
    }
}
