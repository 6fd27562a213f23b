/// The text of a model with one tree, each part of which a test may replace.
public struct SmallModel: Sendable {
    public init() {}

    public var version = "[3,2,0]"
    public var objective = "binary:logistic"
    public var booster = "gbtree"
    public var baseScore = "[5E-1]"
    public var classes = "0"
    public var inputs = "3"
    public var trees = "1"
    public var nodes = "5"
    public var deleted = "0"
    public var left = "[1,-1,3,-1,-1]"
    public var right = "[2,-1,4,-1,-1]"
    public var indices = "[0,0,1,0,0]"
    public var conditions = "[5E-1,-1E0,1.5E0,2E-1,1E0]"
    public var defaults = "[0,0,1,0,0]"
    public var cover = "[1E1,4E0,6E0,2E0,4E0]"
    public var types = "[0,0,0,0,0]"
    public var attributes = "{}"
    public var leafVector = "1"
    public var targets = "1"
    public var featureTypes = "[]"
    public var extra = ""
    /// Members of the booster beside its model.
    public var beside = ""
    /// How often the tree stands in the file.
    public var copies = 1
    public var parallel = "1"
    /// Where rounds start and end; nil: each copy is one.
    public var rounds: String?

    public var text: String {
        let numbers = (0...copies).map(String.init).joined(separator: ",")
        let outputs = (0..<copies).map { _ in "0" }.joined(separator: ",")
        let count = trees == "1" ? "\(copies)" : trees
        let all = (0..<copies).map { _ in tree }.joined(separator: ",\n")
        return """
            {"learner":{"attributes":\(attributes),"feature_names":["a","b","c"],"feature_types":\(featureTypes),
            "gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"\(parallel)","num_trees":"\(count)"},
            "iteration_indptr":\(rounds ?? "[\(numbers)]"),"tree_info":[\(outputs)],"trees":[\(all)]\(extra)},
            "name":"\(booster)"\(beside)},
            "learner_model_param":{"base_score":"\(baseScore)","num_class":"\(classes)",
            "num_feature":"\(inputs)","num_target":"\(targets)"},
            "objective":{"name":"\(objective)"}},"version":\(version)}
            """
    }

    private var tree: String {
        """
        {"categories":[],"categories_nodes":[],
        "categories_segments":[],"categories_sizes":[],"default_left":\(defaults),"id":0,
        "left_children":\(left),"right_children":\(right),"split_conditions":\(conditions),
        "split_indices":\(indices),"split_type":\(types),"sum_hessian":\(cover),
        "tree_param":{"num_deleted":"\(deleted)","num_feature":"3","num_nodes":"\(nodes)",
        "size_leaf_vector":"\(leafVector)"}}
        """
    }

    public var bytes: [UInt8] { Array(text.utf8) }
}
