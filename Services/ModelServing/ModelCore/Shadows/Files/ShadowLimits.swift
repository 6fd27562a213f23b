/// Bounds of shadows.
public enum ShadowLimits {
    /// Basis points of the scoring threads' time that shadows may take, all of them together.
    public static let poolShare = 2_500
    /// Rows that wait for one shadow at most.
    public static let queue = 4_096
    /// Below this, a burst of calls would leave nothing of what came before it.
    public static let smallestQueue = 16
    /// Shadows of one model that run at once.
    public static let runningPerModel = 8
}
