internal import RPC

/// An attempt of a unary call with interceptors around it.
final class InterceptedCall: UnaryCall {
    private let interceptors: any ClientInterceptor
    private var around: InterceptedAttempt<RawReply>?
    /// How the attempt itself ended.
    private var result: AttemptResult?

    init(
        _ request: RawRequest, deadline: Deadline, attempt: Int, loop: LoopContext,
        exchange: UnaryExchange, _ interceptors: any ClientInterceptor
    ) {
        self.interceptors = interceptors
        super.init(
            request, deadline: deadline, attempt: attempt, loop: loop, exchange: exchange)
    }

    override func begin(in client: ClientLoop, at now: Instant) {
        let call = OutgoingAttempt<RawReply>(
            path: request.target, kind: .unary, metadata: request.headers.withoutProtocolFields,
            attempt: attempt, deadline: deadline)
        let around = InterceptedAttempt(
            call, loop: loop,
            send: { metadata in
                self.request.headers.replaceApplicationFields(with: metadata)
                client.send(self, now: client.loop.now)
            }, done: { self.intercepted($0) })
        self.around = around
        around.start(interceptors)
    }

    /// The attempt itself has ended: the interceptors hear of it first.
    override func resume(_ result: AttemptResult) {
        self.result = result
        around?.finish(result.reply)
    }

    /// The interceptors are through. Of an attempt that they changed nothing about, all is kept that
    /// decides about a further one.
    private func intercepted(_ outcome: Result<RawReply, RPCError>) {
        around = nil
        _ = end()
        switch (outcome, result) {
        case (.failure(let error), let result?) where error.isEqual(to: result.error):
            super.resume(result)
        case (.failure(let error), let result):
            super.resume(.failed(error, result == nil ? .unsent : .processed))
        case (.success(let reply), _): super.resume(.reply(reply))
        }
    }

    override func leave() {
        super.leave()
        around?.cancel()
    }
}

extension AttemptResult {
    /// Nil if the attempt succeeded.
    fileprivate var error: RPCError? {
        switch self {
        case .failed(let error, _): error
        case .reply(let reply):
            AttemptFailure(self).map { failure in
                RPCError(trailers: reply.trailers ?? reply.headers)
                    ?? RPCError(failure.code, "the server answered HTTP \(reply.status)")
            }
        }
    }

    /// What an interceptor sees: an error is thrown, however it came.
    fileprivate var reply: Result<RawReply, RPCError> {
        if let error { return .failure(error) }
        guard case .reply(let reply) = self else { preconditionFailure("a failure has an error") }
        return .success(reply)
    }
}

extension RPCError {
    fileprivate func isEqual(to other: RPCError?) -> Bool {
        code == other?.code && message == other?.message && reason == other?.reason
            && details == other?.details
    }
}

extension Metadata {
    /// Puts `fields` in the place of all that are not the protocol's own.
    mutating func replaceApplicationFields(with fields: Metadata) {
        var kept = filter { field in
            hasPrefix(field, ":") || hasPrefix(field, "grpc-") || matches(field, "content-type")
                || matches(field, "te")
        }
        kept.append(contentsOf: fields.withoutProtocolFields)
        self = kept
    }
}
