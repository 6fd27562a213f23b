/// How much longer the lists of an ensemble become.
struct TreeGrowth {
    var nodes = 0
    /// Of `leafValues`.
    var values = 0
    /// Of `leafCovers`.
    var covers = 0
    /// Of the categories that splits list.
    var words = 0
    var sets = 0
}

extension TreeEnsemble {
    /// Makes room for what is about to be appended, and for half as much as there is already, or an
    /// eighth where memory is short: lists that are read tree by tree move seldom, and while they
    /// move they take no more than the file's share.
    ///
    /// - Parameter held: what the loader holds besides.
    /// - Returns: why there is no room, or nil.
    mutating func makeRoom(
        _ growth: TreeGrowth, beside held: Int = 0, _ limits: FormatLimits
    ) -> String? {
        let plans = [2, 8].map { part in
            RoomPlan(
                nodes: Self.room(nodes.count, nodes.capacity, growth.nodes, part),
                values: Self.room(leafValues.count, leafValues.capacity, growth.values, part),
                covers: Self.room(leafCovers.count, leafCovers.capacity, growth.covers, part),
                words: Self.room(
                    categorySets.wordCount, categorySets.wordCapacity, growth.words, part),
                sets: Self.room(
                    categorySets.count, categorySets.capacity, growth.sets, part))
        }
        // While a list moves, it is there twice.
        let present = byteCount + held
        guard let plan = plans.first(where: { limits.overrun(present + $0.byteCount) == nil })
        else { return limits.overrun(present + plans[1].byteCount) }
        if plan.nodes > 0 { nodes.reserveCapacity(plan.nodes) }
        if plan.values > 0 { leafValues.reserveCapacity(plan.values) }
        if plan.covers > 0 { leafCovers.reserveCapacity(plan.covers) }
        categorySets.reserve(words: plan.words, sets: plan.sets)
        return nil
    }

    /// New capacities; 0 for a list that stays where it is.
    private struct RoomPlan {
        var nodes: Int
        var values: Int
        var covers: Int
        var words: Int
        var sets: Int

        /// With the quarter that an allocator may round a large block up by.
        var byteCount: Int {
            let bytes = nodes * MemoryLayout<Node>.stride + (values + covers + sets) * 8 + words * 4
            return bytes + bytes / 4
        }
    }

    private static func room(_ count: Int, _ capacity: Int, _ more: Int, _ part: Int) -> Int {
        count + more <= capacity ? 0 : count + count / part + more
    }
}
