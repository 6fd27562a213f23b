internal import AssayMessages
internal import Wire

/// Labels that are not known yet, in the order in which they will be.
struct PendingLabels {
    /// A label event and the event that it is about.
    struct Label {
        let event: AssayFeaturesV1.Event
        let about: AssayFeaturesV1.Event
        /// Of the file, where it stands.
        let line: Int
    }

    private struct Entry {
        let label: Label
        let order: Int

        static func < (a: Entry, b: Entry) -> Bool {
            (a.label.event.time, a.order) < (b.label.event.time, b.order)
        }
    }

    /// A binary heap, the earliest first.
    private var heap: [Entry] = []
    private var added = 0

    mutating func add(_ label: Label) {
        heap.append(Entry(label: label, order: added))
        added += 1
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out what is known at `time`, earliest first.
    mutating func take(until time: Timestamp) -> [Label] {
        var taken: [Label] = []
        while let first = heap.first, first.label.event.time <= time {
            taken.append(first.label)
            removeFirst()
        }
        return taken
    }

    mutating func takeAll() -> [Label] {
        defer { heap = [] }
        return heap.sorted(by: <).map(\.label)
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
