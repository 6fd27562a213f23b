internal import Dispatch
internal import Synchronization

/// Hands immutable pictures from those who make them to the threads that answer from them.
///
/// Each thread keeps a reference of its own to the newest picture, so that `current` takes no lock
/// and no word is written that other threads read: it compares a number. A thread that finds a newer
/// number fetches that picture, once. The cell keeps every replaced picture until nobody else has it,
/// so that an event loop never frees a model's memory: a queue of its own does.
package final class SnapshotCell<Picture: AnyObject & Sendable>: Sendable {
    /// Has a closure run on every event loop that answers, so that a loop without calls lets go of
    /// old pictures too.
    package typealias EveryLoop = @Sendable (@escaping @Sendable () -> Void) -> Void

    private struct Held {
        var picture: Picture
        var replaced: [Picture] = []
        var isSweeping = false
    }

    /// In a type of its own: where a closure is itself the value of a generic type, each look at it
    /// wraps it once more.
    private struct Loops {
        var every: EveryLoop?
    }

    private let held: Mutex<Held>
    /// Grows with each picture; what threads compare.
    private let generation = Atomic<UInt64>(1)
    private let loops = Mutex(Loops())
    private let queue = DispatchQueue(label: "assay.models.snapshots", qos: .utility)
    private static var sweepInterval: DispatchTimeInterval { .milliseconds(20) }

    package init(_ picture: Picture) { held = Mutex(Held(picture: picture)) }

    /// What `publish` calls to reach the loops.
    package func reach(_ everyLoop: @escaping EveryLoop) {
        loops.withLock { $0.every = everyLoop }
    }

    /// The newest picture, for a thread that answers calls.
    package var current: Picture {
        let thread = ServingThread.current
        let newest = generation.load(ordering: .acquiring)
        return thread.picture(of: self, generation: newest) ?? fetch(thread)
    }

    private func fetch(_ thread: ServingThread) -> Picture {
        let (picture, newest) = held.withLock {
            ($0.picture, generation.load(ordering: .relaxed))
        }
        thread.keep(picture, of: self, generation: newest)
        return picture
    }

    /// The newest picture, for anybody else: the calling thread keeps nothing.
    package var latest: Picture { held.withLock { $0.picture } }

    /// Pictures that were replaced and that somebody still has.
    package var replacedCount: Int { held.withLock { $0.replaced.count } }

    /// Replaces the picture. Calls that have begun end with the one they began with.
    package func publish(_ picture: Picture) {
        held.withLock { held in
            held.replaced.append(held.picture)
            held.picture = picture
            generation.add(1, ordering: .releasing)
            guard !held.isSweeping else { return }
            held.isSweeping = true
            scheduleSweep(now: true)
        }
        loops.withLock { $0.every }?({ [weak self] in _ = self?.current })
    }

    // MARK: Freeing

    private func scheduleSweep(now: Bool) {
        let time = DispatchTime.now() + (now ? .nanoseconds(0) : Self.sweepInterval)
        queue.asyncAfter(deadline: time) { [weak self] in self?.sweep() }
    }

    /// Frees, on this queue, the pictures that nobody else has any more.
    private func sweep() {
        let free = held.withLock { held in
            var (free, kept): ([Picture], [Picture]) = ([], [])
            var all = held.replaced
            held.replaced = []
            // Nobody can come to have a picture of these anew: threads copy only their own.
            for index in all.indices {
                if isKnownUniquelyReferenced(&all[index]) {
                    free.append(all[index])
                } else {
                    kept.append(all[index])
                }
            }
            held.replaced = kept
            held.isSweeping = !kept.isEmpty
            if held.isSweeping { scheduleSweep(now: false) }
            return free
        }
        withExtendedLifetime(free) {}
    }
}
