/* What has to compile before Redis can. Alpine packages Linux's headers apart from those of the C library. */
#include <stdlib.h>
#ifdef __linux__
#include <linux/version.h>
#endif
