internal import Dispatch
internal import Synchronization

/// Log lines that a thread of their own writes out, so that a slow reader of the log slows no call down.
/// What does not fit is dropped and counted.
public final class LogQueue: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isScheduled = false
        var dropped = 0
    }

    private let output: LogOutput
    private let maximumBytes: Int
    private let queue = DispatchQueue(label: "assay.log")
    private let state = Mutex(State())

    public init(to output: LogOutput = .standardError, maximumBytes: Int = 1 << 20) {
        self.output = output
        self.maximumBytes = maximumBytes
    }

    /// Where a log handler writes.
    public var input: LogOutput { LogOutput { self.add($0) } }

    private func add(_ line: [UInt8]) {
        let isFirst = state.withLock { state in
            guard state.bytes.count + line.count <= maximumBytes else {
                state.dropped += 1
                return false
            }
            state.bytes += line
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { queue.async { self.drain() } }
    }

    private func drain() {
        while true {
            let bytes = state.withLock { state in
                defer { state.bytes = [] }
                state.isScheduled = !state.bytes.isEmpty
                return state.bytes
            }
            if bytes.isEmpty { return }
            output.write(bytes)
        }
    }

    /// Lines that did not fit since it was last asked.
    public func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    /// Returns when everything is written that was added before.
    public func flush() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.drain()
                continuation.resume()
            }
        }
    }
}
