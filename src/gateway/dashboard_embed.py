"""Makes C of the dashboard's page: dashboard_embed.py dashboard.html dashboard.c"""
import sys

page = open(sys.argv[1], "rb").read()
with open(sys.argv[2], "w") as out:
    out.write('#include "gateway/admin.h"\n\nconst char dashboard_page[] = {\n')
    for at in range(0, len(page), 20):
        out.write("\t" + "".join("%d, " % (b if b < 128 else b - 256) for b in page[at:at + 20]) + "\n")
    out.write("\t0,\n};\n")
