/// The text of a LightGBM model with one tree, each line of which a test may replace.
public struct SmallLightGBM: Sendable {
    public init() {}

    /// Lines of the header, but for `tree_sizes`.
    public var header: [(String, String)] = [
        ("version", "v4"), ("num_class", "1"), ("num_tree_per_iteration", "1"),
        ("label_index", "0"), ("max_feature_idx", "2"), ("objective", "binary sigmoid:1"),
        ("feature_names", "a b c"), ("feature_infos", "[0:1] [0:9] 1:2:33"),
    ]
    /// a <= 0.5 (missing left), else b <= 1.5 (missing zero, right), else c in {1, 33}.
    public var tree: [(String, String)] = [
        ("num_leaves", "4"), ("num_cat", "1"), ("split_feature", "0 1 2"),
        ("split_gain", "3 2 1"), ("threshold", "0.5 1.5 0"), ("decision_type", "10 4 1"),
        ("left_child", "-1 -2 -3"), ("right_child", "1 2 -4"),
        ("leaf_value", "-1 0.25 0.5 1"), ("leaf_weight", "1 1 1 1"),
        ("leaf_count", "40 30 20 10"), ("internal_value", "0 0 0"),
        ("internal_weight", "0 0 0"), ("internal_count", "100 60 30"),
        ("cat_boundaries", "0 2"), ("cat_threshold", "2 2"), ("is_linear", "0"),
        ("shrinkage", "1"),
    ]
    public var sizes: String?
    public var end = "end of trees\n\nparameters:\n[a: 1]\nend of parameters\n\n"
    public var categories = #"[["red","green"]]"#

    public subscript(key: String) -> String {
        get { (header + tree).first { $0.0 == key }?.1 ?? "" }
        set {
            if let index = header.firstIndex(where: { $0.0 == key }) {
                header[index].1 = newValue
            } else if let index = tree.firstIndex(where: { $0.0 == key }) {
                tree[index].1 = newValue
            } else {
                tree.append((key, newValue))
            }
        }
    }

    public mutating func remove(_ key: String) {
        header.removeAll { $0.0 == key }
        tree.removeAll { $0.0 == key }
    }

    public var text: String {
        func lines(_ fields: [(String, String)]) -> String {
            fields.map { "\($0.0)=\($0.1)\n" }.joined()
        }
        let block = "Tree=0\n\(lines(tree))\n\n"
        let sizes = sizes ?? "\(block.utf8.count)"
        return "tree\n\(lines(header))tree_sizes=\(sizes)\n\n\(block)\(end)"
            + "pandas_categorical:\(categories)\n"
    }

    public var bytes: [UInt8] { Array(text.utf8) }
}
