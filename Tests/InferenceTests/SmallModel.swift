/// The text of a model with one tree, each part of which a test may replace.
struct SmallModel {
    var version = "[3,2,0]"
    var objective = "binary:logistic"
    var booster = "gbtree"
    var baseScore = "[5E-1]"
    var classes = "0"
    var inputs = "3"
    var trees = "1"
    var nodes = "5"
    var deleted = "0"
    var left = "[1,-1,3,-1,-1]"
    var right = "[2,-1,4,-1,-1]"
    var indices = "[0,0,1,0,0]"
    var conditions = "[5E-1,-1E0,1.5E0,2E-1,1E0]"
    var defaults = "[0,0,1,0,0]"
    var cover = "[1E1,4E0,6E0,2E0,4E0]"
    var types = "[0,0,0,0,0]"
    var attributes = "{}"
    var leafVector = "1"
    var extra = ""

    var text: String {
        """
        {"learner":{"attributes":\(attributes),"feature_names":["a","b","c"],"feature_types":[],
        "gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"\(trees)"},
        "iteration_indptr":[0,1],"tree_info":[0],"trees":[{"categories":[],"categories_nodes":[],
        "categories_segments":[],"categories_sizes":[],"default_left":\(defaults),"id":0,
        "left_children":\(left),"right_children":\(right),"split_conditions":\(conditions),
        "split_indices":\(indices),"split_type":\(types),"sum_hessian":\(cover),
        "tree_param":{"num_deleted":"\(deleted)","num_feature":"3","num_nodes":"\(nodes)",
        "size_leaf_vector":"\(leafVector)"}}]\(extra)},"name":"\(booster)"},
        "learner_model_param":{"base_score":"\(baseScore)","num_class":"\(classes)",
        "num_feature":"\(inputs)","num_target":"1"},
        "objective":{"name":"\(objective)"}},"version":\(version)}
        """
    }

    var bytes: [UInt8] { Array(text.utf8) }
}
