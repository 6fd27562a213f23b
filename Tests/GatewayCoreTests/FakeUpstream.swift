import RPC
import Synchronization

@testable import GatewayCore

/// An upstream that answers what it is told, once the request is whole, and remembers what it was asked.
final class FakeUpstream: RawUpstream {
    private struct State {
        var requests: [RawRequest] = []
        var deadlines: [Deadline] = []
        var cancellations = 0
    }

    private let state = Mutex(State())
    private let answer: @Sendable (RawRequest) throws -> RawReply

    init(_ answer: @escaping @Sendable (RawRequest) throws -> RawReply) {
        self.answer = answer
    }

    var requests: [RawRequest] { state.withLock(\.requests) }
    var deadlines: [Deadline] { state.withLock(\.deadlines) }
    var cancellations: Int { state.withLock(\.cancellations) }

    func forward(_ request: RawRequest, deadline: Deadline) async throws -> RawReply {
        try answer(request)
    }

    func open(
        _ request: RawRequest, isWhole: Bool, deadline: Deadline, to receiver: any RawReceiver
    ) -> any RawUpstreamCall {
        state.withLock { $0.deadlines.append(deadline) }
        let call = Call(request, receiver, self)
        if isWhole { call.finish() }
        return call
    }

    private final class Call: RawUpstreamCall {
        private var request: RawRequest
        private var receiver: (any RawReceiver)?
        private let upstream: FakeUpstream

        init(_ request: RawRequest, _ receiver: any RawReceiver, _ upstream: FakeUpstream) {
            self.request = request
            self.receiver = receiver
            self.upstream = upstream
        }

        func send(_ bytes: UnsafeRawBufferPointer) {
            request.body += bytes
            receiver?.sentRequest(upTo: request.body.count)
        }

        func finish() {
            let (request, receiver) = (request, receiver.take())
            upstream.state.withLock { $0.requests.append(request) }
            do {
                let reply = try upstream.answer(request)
                if reply.body.isEmpty, reply.trailers == nil {
                    receiver?.replied(status: reply.status, headers: reply.headers, isLast: true)
                    return
                }
                receiver?.replied(status: reply.status, headers: reply.headers, isLast: false)
                reply.body.withUnsafeBytes { receiver?.repliedBody($0) }
                receiver?.repliedEnd(trailers: reply.trailers)
            } catch {
                receiver?.failed(
                    error as? RPCError ?? RPCError(code: .unavailable, message: "\(error)"))
            }
        }

        func consumed(_ count: Int) {}

        var attempts: Int { 1 }

        func cancel(isLate: Bool) {
            receiver = nil
            upstream.state.withLock { $0.cancellations += 1 }
        }
    }
}

/// A caller as its connection would be: collects the reply.
final class FakeCaller: RawCaller {
    private(set) var reply: RawReply?
    private(set) var code: StatusCode?
    private(set) var consumed = 0
    private(set) var isAborted = false

    func start(status: Int, headers: Metadata) {
        reply = RawReply(status: status, headers: headers)
    }
    func send(_ bytes: UnsafeRawBufferPointer) { reply?.body += bytes }
    func end(trailers: Metadata?, _ code: StatusCode) {
        reply?.trailers = trailers
        self.code = code
    }
    func send(_ reply: RawReply, _ code: StatusCode) {
        self.reply = reply
        self.code = code
    }
    func abort() { isAborted = true }
    func consumed(_ count: Int) { consumed += count }
}
