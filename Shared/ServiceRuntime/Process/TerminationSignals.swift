@preconcurrency internal import Dispatch

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The signals that ask a process to end.
enum TerminationSignals {
    /// SIGTERM and SIGINT as they come, instead of their default effect. SIGPIPE is ignored from now on:
    /// a peer that goes away is an error of one write, not the end of the process.
    static func stream() -> AsyncStream<Int32> {
        signal(SIGPIPE, SIG_IGN)
        return AsyncStream { continuation in
            let sources = [SIGTERM, SIGINT].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield(number) }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in
                for source in sources { source.cancel() }
            }
        }
    }

    /// SIGHUP as it comes: asks a process to look at its files, instead of ending it.
    static func hangups() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            signal(SIGHUP, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            continuation.onTermination = { _ in source.cancel() }
        }
    }

    static func name(of number: Int32) -> String {
        number == SIGINT ? "SIGINT" : "SIGTERM"
    }

    /// The exit status a shell reports for a process that a signal ended.
    static func exitStatus(of number: Int32) -> Int32 { 128 + number }
}
