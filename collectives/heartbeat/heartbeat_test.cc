#include "collectives/heartbeat/heartbeat.h"

#include <gtest/gtest.h>

int main2() { return 0; }
