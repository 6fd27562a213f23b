internal import Foundation
internal import Synchronization

/// What a child process prints, collected on a thread, and those who wait for a part of it.
final class ProcessOutput: Sendable {
    /// Older output is dropped beyond this.
    private static let maximumBytes = 16 << 20

    private struct Waiter: Sendable {
        let id: Int
        let matches: @Sendable (String) -> Bool
        let continuation: CheckedContinuation<String?, Never>
    }

    private struct State: Sendable {
        var bytes: [UInt8] = []
        var lines: [String] = []
        var partial: [UInt8] = []
        var isFinished = false
        var nextID = 0
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())
    let pipe = Pipe()

    init() {
        Thread.detachNewThread { [self] in readAll() }
    }

    func closeWriter() {
        try? pipe.fileHandleForWriting.close()
    }

    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// The first line, old or new, that matches; nil if the output ends or the time is over before.
    func line(
        within limit: Duration, where matches: @Sendable @escaping (String) -> Bool
    ) async -> String? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let timeout = Task {
            try await Task.sleep(for: limit)
            giveUp(id)
        }
        defer { timeout.cancel() }
        return await withCheckedContinuation { continuation in
            add(Waiter(id: id, matches: matches, continuation: continuation))
        }
    }

    func finished() async {
        _ = await line(within: .seconds(10)) { _ in false }
    }

    private func add(_ waiter: Waiter) {
        let known: String?? = state.withLock { state in
            if let line = state.lines.first(where: waiter.matches) { return line }
            if state.isFinished { return .some(nil) }
            state.waiters.append(waiter)
            return nil
        }
        if let known { waiter.continuation.resume(returning: known) }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: nil)
    }

    private func readAll() {
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            take(Array(chunk.prefix(count)))
        }
        finish()
    }

    private func take(_ bytes: [UInt8]) {
        let woken = state.withLock { state -> [(Waiter, String)] in
            if state.bytes.count < Self.maximumBytes { state.bytes += bytes }
            state.partial += bytes
            var woken: [(Waiter, String)] = []
            while let end = state.partial.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: state.partial[..<end], as: UTF8.self)
                state.partial.removeSubrange(...end)
                state.lines.append(line)
                woken += state.waiters.filter { $0.matches(line) }.map { ($0, line) }
                state.waiters.removeAll { $0.matches(line) }
            }
            return woken
        }
        for (waiter, line) in woken { waiter.continuation.resume(returning: line) }
    }

    private func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }
}
