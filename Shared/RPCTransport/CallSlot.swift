internal import NIOCore

/// Finds the call that a cancellation means, which may come before the call is on its loop.
///
/// Sendable: `call` and `isCancelled` are touched on the event loop only.
final class CallSlot: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var call: ClientCall?
    private var isCancelled = false

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func fill(_ call: ClientCall) {
        self.call = call
        if isCancelled { abandon() }
    }

    func cancel() {
        eventLoop.execute {
            self.isCancelled = true
            self.abandon()
        }
    }

    private func abandon() { call?.leave() }

    /// Runs on the loop: now, if this is the loop.
    func onLoop(_ body: @escaping @Sendable () -> Void) {
        if eventLoop.inEventLoop { body() } else { eventLoop.execute(body) }
    }
}
