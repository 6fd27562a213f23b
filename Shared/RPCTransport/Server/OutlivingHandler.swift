internal import RPC

/// Finds handlers that do not end although they were cancelled: they hold their places, and somebody
/// should know which ones they are.
final class OutlivingHandler: LoopContext.TimerTarget {
    private static let patience = Duration.seconds(10)

    private weak var call: ServerCall?
    private let path: String
    private let observer: any LoadObserver
    private var timer: LoopContext.Timer?
    private var isReported = false

    private init(_ call: ServerCall, _ observer: any LoadObserver) {
        self.call = call
        self.observer = observer
        path = call.head.path
    }

    /// Watches the handler of a call that was cancelled; nil if nobody wants to know.
    static func watch(_ call: ServerCall) -> OutlivingHandler? {
        let loop = call.connection.loop
        guard call.outlives == nil, let observer = call.connection.gate?.observer else {
            return call.outlives
        }
        let watch = OutlivingHandler(call, observer)
        watch.timer = loop.arm(watch, at: loop.now + patience)
        return watch
    }

    func timerFired() {
        timer = nil
        guard call?.runner != nil else { return }
        isReported = true
        observer.outlivedCancellation(path)
    }

    /// The handler has ended.
    func stop(on loop: LoopContext) {
        loop.cancel(timer)
        timer = nil
        if isReported { observer.outlivingHandlerEnded(path) }
        isReported = false
    }
}
