internal import Glibc
internal import Inference
internal import Synchronization

/// What one thread keeps for serving, so that a call neither locks nor allocates: memory to score
/// in, and its own reference to the picture it answers from.
///
/// Made where a thread asks for it first, and freed with the thread.
final class ServingThread {
    let scratch = ScoringScratch()
    /// Numbers the threads; picks a stripe of counters.
    let index: Int
    private var seen: (cell: AnyObject, picture: AnyObject, generation: UInt64)?
    private var explaining: (token: UInt64, scratch: ExplainScratch)?

    private static let count = Atomic<Int>(0)

    private init() { index = Self.count.add(1, ordering: .relaxed).oldValue }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = pthread_key_create(&key) { thread in
            guard let thread else { return }
            Unmanaged<ServingThread>.fromOpaque(thread).release()
        }
        precondition(result == 0, "a process has room for some keys of threads")
        return key
    }()

    /// That of the calling thread. Not to be kept across an `await`.
    static var current: ServingThread {
        if let known = pthread_getspecific(key) {
            return Unmanaged<ServingThread>.fromOpaque(known).takeUnretainedValue()
        }
        let new = ServingThread()
        pthread_setspecific(key, Unmanaged.passRetained(new).toOpaque())
        return new
    }

    /// The picture that this thread took from a cell last, if it still is of this generation.
    @inline(__always)
    func picture<Picture: AnyObject>(
        of cell: SnapshotCell<Picture>, generation: UInt64
    ) -> Picture? {
        guard let seen, seen.cell === cell, seen.generation == generation else { return nil }
        return unsafeDowncast(seen.picture, to: Picture.self)
    }

    func keep<Picture: AnyObject>(
        _ picture: Picture, of cell: SnapshotCell<Picture>, generation: UInt64
    ) {
        seen = (cell, picture, generation)
    }

    /// Memory to explain in, kept for the version that was explained last.
    func explainScratch(_ version: ServingVersion, _ explainer: any Explainer) -> ExplainScratch {
        if let explaining, explaining.token == version.token { return explaining.scratch }
        let scratch = explainer.makeScratch()
        explaining = (version.token, scratch)
        return scratch
    }
}
