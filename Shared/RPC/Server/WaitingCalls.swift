/// Calls that wait for a handler's turn: the newest one of the most important class goes first, so
/// that under overload those are served whose callers still wait.
///
/// Not a queue in the order of arrival: with one, all calls would wait as long as the oldest.
package struct WaitingCalls<Call> {
    /// Names a waiting call, so that it can be taken out.
    package struct Ticket: Sendable, Hashable {
        package let criticality: Criticality
        fileprivate let number: UInt64
    }

    package struct Entry {
        package let call: Call
        package let since: Instant
        fileprivate let number: UInt64
    }

    /// One class, oldest first. Taken from both ends: `first` is where it begins.
    private struct Line {
        var entries: [Entry?] = []
        var first = 0

        var count: Int { entries.count - first }
        var oldest: Entry? { first < entries.count ? entries[first] : nil }

        mutating func removeOldest() -> Entry? {
            guard first < entries.count, let entry = entries[first] else { return nil }
            entries[first] = nil
            first += 1
            if first == entries.count {
                entries.removeAll(keepingCapacity: true)
                first = 0
            } else if first >= 64, first * 2 >= entries.count {
                entries.removeFirst(first)
                first = 0
            }
            return entry
        }

        mutating func removeNewest() -> Entry? {
            guard first < entries.count, let entry = entries.removeLast() else { return nil }
            if first == entries.count {
                entries.removeAll(keepingCapacity: true)
                first = 0
            }
            return entry
        }

        /// Numbers rise, so it is found by halving.
        mutating func remove(_ number: UInt64) -> Entry? {
            var (low, high) = (first, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if (entries[middle]?.number ?? 0) < number {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            guard low < entries.count, entries[low]?.number == number else { return nil }
            if low == first { return removeOldest() }
            return entries.remove(at: low)
        }
    }

    private var lines = Criticality.allCases.map { _ in Line() }
    private var nextNumber: UInt64 = 1
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package func count(of criticality: Criticality) -> Int {
        lines[Int(criticality.rawValue)].count
    }

    /// When the call came that waits longest.
    package var oldest: Instant? { lines.compactMap { $0.oldest?.since }.min() }

    package mutating func append(
        _ call: Call, _ criticality: Criticality, at now: Instant
    ) -> Ticket {
        let entry = Entry(call: call, since: now, number: nextNumber)
        nextNumber += 1
        count += 1
        lines[Int(criticality.rawValue)].entries.append(entry)
        return Ticket(criticality: criticality, number: entry.number)
    }

    /// The newest call of the most important class that may go.
    package mutating func next(onlyCritical: Bool) -> Entry? {
        let classes = onlyCritical ? 1 : lines.count
        for index in 0..<classes {
            if let entry = lines[index].removeNewest() {
                count -= 1
                return entry
            }
        }
        return nil
    }

    package mutating func remove(_ ticket: Ticket) -> Entry? {
        guard let entry = lines[Int(ticket.criticality.rawValue)].remove(ticket.number) else {
            return nil
        }
        count -= 1
        return entry
    }

    /// A call that came before `instant`, of this class or a less important one; the least important
    /// and oldest one first.
    package mutating func removeStale(
        _ criticality: Criticality, before instant: Instant
    ) -> Entry? {
        for index in (Int(criticality.rawValue)..<lines.count).reversed() {
            if let oldest = lines[index].oldest, oldest.since < instant {
                count -= 1
                return lines[index].removeOldest()
            }
        }
        return nil
    }

    /// Makes room for a call of this class: the oldest one of the least important class that is not
    /// more important than it.
    package mutating func displace(for criticality: Criticality) -> Entry? {
        removeStale(criticality, before: .distantFuture)
    }
}
