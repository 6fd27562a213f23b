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
    var windows: [Window] = []
    /// Counts of the values that were first seen in a window.
    var firsts: [Window] = []
    /// Features of the value at hand.
    var lookups: [(position: Int, read: AttributeRead)] = []
}

extension FeatureState {
    func read(
        _ pass: AttributePass, at now: Int64, _ event: EngineEvent?,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        let attribute = group.attributes[pass.attribute]
        let known = attributes[pass.attribute]
        let remembered = Retention(attribute.remember).oldest(at: now).floorDivided(by: 1_000)
        readWindows(pass, known, at: now, since: remembered, into: values)
        for window in pass.firsts {
            let count = known.firstSeenCount(
                since: window.start(at: now), remembered: remembered)
            // A value that the table gave up may have come back as if it were new.
            let isDoubtful = known.isDoubtful(firstSeen: window.start(at: now))
            set(window, Int64(count), isDoubtful ? .approximate : [], in: values)
        }
        // Features of one attribute mostly ask for one field.
        var found: (hash: Int64, seen: AttributeValues.Seen?)?
        for (position, read) in pass.lookups {
            let field = event.flatMap {
                $0.type < read.argument.count ? read.argument[$0.type] : nil
            }
            guard let event, let field, let hash = event.values[field] else {
                values[position] = FeatureValue(read.defaultValue, Status(.absent))
                continue
            }
            if found?.hash != hash {
                found = (hash, known.seen(UInt64(bitPattern: hash), since: remembered))
            }
            values[position] = value(read, found?.seen, known, at: now)
        }
    }

    /// Of the value at hand. That it is new is surely true only if the table holds all values.
    private func value(
        _ read: AttributeRead, _ seen: AttributeValues.Seen?, _ known: AttributeValues,
        at now: Int64
    ) -> FeatureValue {
        guard let seen else {
            let isNew = read.aspect == .isNew
            return FeatureValue(
                isNew ? 1 : read.defaultValue,
                known.hasOverflowed
                    ? Status(isNew ? .present : .empty, .approximate)
                    : Status(isNew && !known.rows.isEmpty ? .present : .empty))
        }
        let number: Int64 =
            switch read.aspect {
            case .isNew, .distinct, .firstSeen: 0
            case .secondsSinceFirstSeen: now / 1_000 - seen.first
            case .daysSinceFirstSeen: (now / 1_000 - seen.first) / 86_400
            case .secondsSinceLastSeen: now / 1_000 - seen.last
            case .timesSeen: seen.times
            }
        // A value that the table gave up may have come back, and then it begins anew.
        let beginsAnew: Bool =
            switch read.aspect {
            case .isNew, .secondsSinceLastSeen: false
            default: known.isDoubtful(firstSeen: seen.first)
            }
        return FeatureValue(Double(number), Status(.present, beginsAnew ? .approximate : []))
    }

    private func readWindows(
        _ pass: AttributePass, _ known: AttributeValues, at now: Int64, since remembered: Int64,
        into values: UnsafeMutableBufferPointer<FeatureValue>
    ) {
        var wide: [(start: Int64, window: AttributePass.Window)] = []
        for window in pass.windows {
            let start = max(window.start(at: now), remembered)
            let (count, isExact) = known.count(since: start)
            if isExact {
                set(window, Int64(count), [], in: values)
            } else {
                wide.append((start, window))
            }
        }
        guard !wide.isEmpty, let sketch = known.sketch else { return }
        wide.sort { $0.start < $1.start }
        let ranks = SlidingSketch.maximumRank + 1
        let histogram = sketch.rankCounts(since: wide.map(\.start))
        for (index, entry) in wide.enumerated() {
            let counts = histogram[index * ranks..<(index + 1) * ranks]
            set(entry.window, CardinalityEstimate.count(ranks: counts), .approximate, in: values)
        }
    }

    private func set(
        _ window: AttributePass.Window, _ count: Int64, _ flags: Status.Flags,
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
