public import ArgumentParser
public import FeatureCore

extension EventDurability: ExpressibleByArgument {}
