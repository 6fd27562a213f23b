internal import Synchronization

/// Receipts of one stream in the order of its events: between the task that takes events and the
/// one that sends receipts.
///
/// It has room for so many events that have no receipt yet; then the stream is not read.
final class ReceiptWindow: Sendable {
    private struct State {
        var receipts: [UnderwayReceipt] = []
        /// Of `receipts`, those taken.
        var start = 0
        /// Events without a receipt: those here, and one that is being sent.
        var open = 0
        var isFinished = false
        var isClosed = false
        var reader: CheckedContinuation<Void, Never>?
        var sender: CheckedContinuation<Void, Never>?

        var isReady: Bool { start < receipts.count || isFinished || isClosed }
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Returns when there is room for one more, or when nobody sends receipts any more.
    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.open < limit || state.isClosed { return true }
                state.reader = continuation
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    func put(_ receipt: UnderwayReceipt) {
        let sender = state.withLock { state in
            state.receipts.append(receipt)
            state.open += 1
            return state.sender.take()
        }
        sender?.resume()
    }

    /// No more events come.
    func finish() {
        let sender = state.withLock { state in
            state.isFinished = true
            return state.sender.take()
        }
        sender?.resume()
    }

    /// Nobody sends or waits any more.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return (state.reader.take(), state.sender.take())
        }
        waiting.0?.resume()
        waiting.1?.resume()
    }

    /// The next receipt; nil when there are no more.
    func take() async -> UnderwayReceipt? {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isReady { return true }
                state.sender = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
        return state.withLock { state in
            guard !state.isClosed, state.start < state.receipts.count else { return nil }
            let receipt = state.receipts[state.start]
            state.start += 1
            if state.start == state.receipts.count {
                state.receipts.removeAll(keepingCapacity: true)
                state.start = 0
            }
            return receipt
        }
    }

    /// The receipt taken last was sent.
    func taken() {
        let reader = state.withLock { state in
            state.open -= 1
            return state.reader.take()
        }
        reader?.resume()
    }
}
