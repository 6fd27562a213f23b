internal import AssayMessages
internal import Wire

/// Labels that are not known yet, in the order in which they will be.
struct PendingLabels {
    private struct Entry {
        let event: AssayFeaturesV1.Event
        let order: Int

        static func < (a: Entry, b: Entry) -> Bool {
            (a.event.time, a.order) < (b.event.time, b.order)
        }
    }

    /// A binary heap, the earliest first.
    private var heap: [Entry] = []
    private var added = 0

    mutating func add(_ event: AssayFeaturesV1.Event) {
        heap.append(Entry(event: event, order: added))
        added += 1
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out what is known at `time`, earliest first.
    mutating func take(until time: Timestamp) -> [AssayFeaturesV1.Event] {
        var taken: [AssayFeaturesV1.Event] = []
        while let first = heap.first, first.event.time <= time {
            taken.append(first.event)
            removeFirst()
        }
        return taken
    }

    mutating func takeAll() -> [AssayFeaturesV1.Event] {
        defer { heap = [] }
        return heap.sorted(by: <).map(\.event)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
