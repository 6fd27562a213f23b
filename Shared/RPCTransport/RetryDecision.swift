internal import RPC

/// Whether and when a failed attempt is repeated.
enum RetryDecision {
    /// The error that a reply stands for, if it may be retried at all: a failure before any message.
    static func failure(of reply: RawReply) -> RPCError? {
        if let error = RPCError(trailers: reply.trailers ?? reply.headers) {
            return reply.body.isEmpty ? error : nil
        }
        if reply.status == 200 || reply.trailers != nil { return nil }
        return RPCError(StatusCode(missingStatusWithHTTP: reply.status), "")
    }

    /// The pause before the next attempt; nil if there is none. `attempt` counts from zero.
    static func pause(
        after attempt: Int, _ error: RPCError, _ policy: RetryPolicy,
        random: Double = .random(in: 0.8...1.2)
    ) -> Duration? {
        guard attempt + 1 < min(policy.maximumAttempts, 5), policy.codes.contains(error.code) else {
            return nil
        }
        if let retryAfter = error.retryAfter { return retryAfter }
        return min(.milliseconds(10) * (1 << attempt), .milliseconds(250)) * random
    }
}
