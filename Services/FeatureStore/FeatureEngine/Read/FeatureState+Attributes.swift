/// The features of one attribute in a plan.
struct AttributePass: Sendable {
    /// One window and the features that read it.
    struct Window: Sendable {
        let window: Int64
        let hop: Int64
        var outputs: [(position: Int, defaultValue: Double)]

        /// The start of its oldest tile, in seconds.
        func start(at now: Int64) -> Int64 {
            ((now - window).floorDivided(by: hop) * hop).floorDivided(by: 1_000)
        }
    }

    let attribute: Int
    let retention: Retention
    var windows: [Window] = []
    /// Counts of the values that were first seen in a window.
    var firsts: [Window] = []
    /// Features of the value at hand.
    var lookups: [(position: Int, read: AttributeRead)] = []
}

extension AttributePass {
    /// - Parameter known: in place, for a copy would count references.
    func read(
        _ known: UnsafePointer<AttributeValues>, at now: Int64, _ event: EngineEvent?,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        let remembered = retention.oldest(at: now).floorDivided(by: 1_000)
        readWindows(known, at: now, since: remembered, into: values)
        for window in firsts {
            let count = known.pointee.firstSeenCount(
                since: window.start(at: now), remembered: remembered)
            // A value that the table gave up may have come back as if it were new.
            let isDoubtful = known.pointee.isDoubtful(firstSeen: window.start(at: now))
            Self.set(window, Int64(count), isDoubtful ? .approximate : [], in: values)
        }
        guard !lookups.isEmpty else { return }
        lookups.withUnsafeBufferPointer { lookups in
            // Features of one attribute mostly ask for one field.
            var found: (hash: Int64, seen: AttributeValues.Seen?)?
            for index in lookups.indices {
                let position = lookups[index].position
                let field = event.flatMap { lookups[index].read.field(in: $0) }
                guard let event, let field, let hash = event.values[field] else {
                    values[position] = FeatureValue(
                        lookups[index].read.defaultValue, Status(.absent))
                    continue
                }
                if found?.hash != hash {
                    found = (hash, known.pointee.seen(UInt64(bitPattern: hash), since: remembered))
                }
                values[position] = Self.value(
                    lookups[index].read.aspect, lookups[index].read.defaultValue, found?.seen,
                    known, at: now)
            }
        }
    }

    /// Of the value at hand. That it is new is surely true only if the table holds all values.
    private static func value(
        _ aspect: AttributeRead.Aspect, _ defaultValue: Double, _ seen: AttributeValues.Seen?,
        _ known: UnsafePointer<AttributeValues>, at now: Int64
    ) -> FeatureValue {
        guard let seen else {
            let isNew = aspect == .isNew
            return FeatureValue(
                isNew ? 1 : defaultValue,
                known.pointee.hasOverflowed
                    ? Status(isNew ? .present : .empty, .approximate)
                    : Status(isNew && !known.pointee.rows.isEmpty ? .present : .empty))
        }
        let number: Int64 =
            switch aspect {
            case .isNew, .distinct, .firstSeen: 0
            case .secondsSinceFirstSeen: now / 1_000 - seen.first
            case .daysSinceFirstSeen: (now / 1_000 - seen.first) / 86_400
            case .secondsSinceLastSeen: now / 1_000 - seen.last
            case .timesSeen: seen.times
            }
        // A value that the table gave up may have come back, and then it begins anew.
        let beginsAnew: Bool =
            switch aspect {
            case .isNew, .secondsSinceLastSeen: false
            default: known.pointee.isDoubtful(firstSeen: seen.first)
            }
        return FeatureValue(Double(number), Status(.present, beginsAnew ? .approximate : []))
    }

    private func readWindows(
        _ known: UnsafePointer<AttributeValues>, at now: Int64, since remembered: Int64,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        withUnsafeTemporaryAllocation(of: WideWindow.self, capacity: windows.count) { wide in
            var count = 0
            windows.withUnsafeBufferPointer { windows in
                for index in windows.indices {
                    let start = max(windows[index].start(at: now), remembered)
                    let (number, isExact) = known.pointee.count(since: start)
                    guard !isExact else {
                        Self.set(windows[index], Int64(number), [], in: values)
                        continue
                    }
                    // They are few: each goes to its place, earliest start first.
                    var place = count
                    while place > 0, wide[place - 1].start > start {
                        wide[place] = wide[place - 1]
                        place -= 1
                    }
                    wide.initializeElement(at: place, to: WideWindow(start: start, index: index))
                    count += 1
                }
            }
            guard count > 0 else { return }
            estimate(known, UnsafeMutableBufferPointer(rebasing: wide[..<count]), into: values)
        }
    }

    /// A window that the table does not cover; its start is in seconds.
    private struct WideWindow {
        let start: Int64
        let index: Int
    }

    /// - Parameter wide: ascending by start.
    private func estimate(
        _ known: UnsafePointer<AttributeValues>, _ wide: UnsafeMutableBufferPointer<WideWindow>,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        let ranks = SlidingSketch.maximumRank + 1
        let histogram = known.pointee.rankCounts(since: wide.map { $0.start })
        for (index, entry) in wide.enumerated() {
            let counts = histogram[index * ranks..<(index + 1) * ranks]
            Self.set(
                windows[entry.index], CardinalityEstimate.count(ranks: counts), .approximate,
                in: values)
        }
    }

    private static func set(
        _ window: borrowing Window, _ count: Int64, _ flags: Status.Flags,
        in values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        for output in window.outputs {
            values[output.position] =
                count > 0
                ? FeatureValue(Double(count), Status(.present, flags))
                : FeatureValue(output.defaultValue, Status(.empty, flags))
        }
    }
}

extension AttributeRead {
    /// The field of the event at hand with the value.
    fileprivate func field(in event: EngineEvent) -> Int? {
        event.type < argument.count ? argument[event.type] : nil
    }
}
