extension CompiledForest {
    /// About the most memory that compiling takes besides the trees: thresholds while they are sorted,
    /// the layout, its sections, and the block that they become.
    static func bytesToCompile(_ trees: TreeEnsemble) -> Int {
        let size = ForestLayout.size(trees)
        let isSingle = trees.profile == .xgboost
        let hasRows = trees.leafWidth > 1 || !trees.linearLeaves.isEmpty
        // Value, number and row of a leaf, as a section and in the block.
        let section = 2 * ((isSingle ? 4 : 8) + 4 + (hasRows ? 4 : 0))
        let splits = trees.nodes.count / 2 + trees.levels.count
        return size.words * 12 + size.siblings * 24
            + size.leaves * (MemoryLayout<ForestLayout.Leaf>.stride + section)
            + splits * 24 + (trees.leafWidth > 1 ? trees.leafValues.count * 8 : 0)
    }
}
