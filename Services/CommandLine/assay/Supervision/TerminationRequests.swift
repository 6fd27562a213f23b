@preconcurrency import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// SIGINT and SIGTERM as they come, instead of their default effect; a second one ends everything
/// at once, without asking the services.
enum TerminationRequests {
    static func stream() -> AsyncStream<Void> {
        signal(SIGPIPE, SIG_IGN)
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let seen = SignalCount()
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if seen.increment() > 1 {
                    ChildProcess.killAll()
                    _exit(128 + number)
                }
                continuation.yield()
            }
            source.resume()
            kept.add(source)
        }
        return stream
    }

    private static let kept = SourceList()
}

private final class SignalCount: Sendable {
    private let count = Atomic(0)
    func increment() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// Keeps sources alive as long as the process.
private final class SourceList: Sendable {
    private let sources = Mutex<[any DispatchSourceSignal]>([])
    func add(_ source: any DispatchSourceSignal) { sources.withLock { $0.append(source) } }
}
